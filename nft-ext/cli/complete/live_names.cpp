// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/cli/complete/live_names.h"

#include "jit/base/table_family.h"
#include "nft-ext/cli/complete/rule_texts.h"
#include "nft-ext/ruleset/netlink/attributes.h"
#include "nft-ext/ruleset/netlink/netlink.h"
#include "nft-ext/ruleset/text/formatter.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <net/if.h>

#include <algorithm>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <iterator>
#include <sched.h>
#include <set>
#include <unistd.h>

namespace nft_drops::complete {
namespace {

using Clock = std::chrono::steady_clock;
using Expected = cli::Synopsis::Expected;
using std::chrono::milliseconds;

// The time for all requests to the kernel. A completion may take 50 ms; starting the processes takes the rest.
constexpr milliseconds kPatience{25};
constexpr size_t kMostRules = 1000; // a longer list helps nobody

Clock::time_point end_of_patience() {
	static const auto end = Clock::now() + kPatience;
	return end;
}

uint8_t family_or_default(std::string_view name) {
	return family_number(name).value_or(NFPROTO_IPV4); // nft's own default
}

// True if nft's scanner reads `name` as one word, and no shell gives a character of `name` a meaning.
bool is_plain(std::string_view name) {
	const auto plain = [](char c) {
		return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
		       c == '-' || c == '.' || c == '/';
	};
	return !name.empty() && name[0] != '-' && std::ranges::all_of(name, plain);
}

// Visits the messages of one dump until `visit` returns false or the time is over. Returns true if the dump was
// complete.
bool dump(const Requests &requests, const std::function<bool(const nlmsghdr *)> &visit) {
	const auto end = end_of_patience();
	const MnlSocket socket(mnl_socket_open(NETLINK_NETFILTER));
	if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0) return false;
	const auto &bytes = requests.bytes();
	if (mnl_socket_sendto(socket.get(), bytes.data(), bytes.size()) < 0) return false;
	const auto buffer = std::make_unique_for_overwrite<char[]>(kNetlinkBuffer);
	while (Clock::now() < end) {
		ssize_t n = mnl_socket_recvfrom(socket.get(), buffer.get(), kNetlinkBuffer);
		if (n <= 0) return false;
		const auto *message = reinterpret_cast<const nlmsghdr *>(buffer.get());
		for (int left = static_cast<int>(n); mnl_nlmsg_ok(message, left);
		     message = mnl_nlmsg_next(message, &left)) {
			if (message->nlmsg_type == NLMSG_DONE) return true;
			if (message->nlmsg_type == NLMSG_ERROR || !visit(message)) return false;
		}
	}
	return false;
}

// A kind of named object: the attributes of its messages. An object is of this kind if `bits` of attribute `type` are
// `are`.
struct Kind {
	std::string_view placeholder;
	uint16_t get;
	uint16_t table;
	uint16_t name;
	uint16_t type;
	uint32_t bits;
	uint32_t are;
	const char *meaning;
};

constexpr Kind set_kind(std::string_view placeholder, uint32_t bits, uint32_t are, const char *meaning) {
	return {placeholder, NFT_MSG_GETSET, NFTA_SET_TABLE, NFTA_SET_NAME, NFTA_SET_FLAGS, bits | NFT_SET_ANONYMOUS,
	        are,         meaning};
}

constexpr Kind object_kind(std::string_view placeholder, uint32_t type, const char *meaning) {
	return {placeholder, NFT_MSG_GETOBJ, NFTA_OBJ_TABLE, NFTA_OBJ_NAME, NFTA_OBJ_TYPE, ~0U, type, meaning};
}

constexpr Kind kKinds[] = {
        {"TABLE", NFT_MSG_GETTABLE, 0, NFTA_TABLE_NAME, 0, 0, 0, "table"},
        {"CHAIN", NFT_MSG_GETCHAIN, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, NFTA_CHAIN_FLAGS, NFT_CHAIN_BINDING, 0, "chain"},
        set_kind("SET", NFT_SET_MAP | NFT_SET_OBJECT, 0, "set"),
        set_kind("METER", NFT_SET_MAP | NFT_SET_OBJECT | NFT_SET_EVAL, NFT_SET_EVAL, "meter"),
        set_kind("MAP", NFT_SET_MAP, NFT_SET_MAP, "map"),
        set_kind("MAP", NFT_SET_OBJECT, NFT_SET_OBJECT, "map of objects"),
        {"FLOWTABLE", NFT_MSG_GETFLOWTABLE, NFTA_FLOWTABLE_TABLE, NFTA_FLOWTABLE_NAME, 0, 0, 0, "flowtable"},
        object_kind("COUNTER", NFT_OBJECT_COUNTER, "counter"),
        object_kind("QUOTA", NFT_OBJECT_QUOTA, "quota"),
        object_kind("LIMIT", NFT_OBJECT_LIMIT, "limit"),
        object_kind("SECMARK", NFT_OBJECT_SECMARK, "secmark"),
        object_kind("SYNPROXY", NFT_OBJECT_SYNPROXY, "synproxy"),
};

std::vector<Candidate> objects(const Kind &kind, const Expected &where) {
	std::vector<Candidate> found;
	const uint8_t family = family_or_default(where.of("FAMILY"));
	Requests requests;
	requests.dump(kind.get);
	dump(requests, [&](const nlmsghdr *message) {
		const auto *header = static_cast<const nfgenmsg *>(mnl_nlmsg_get_payload(message));
		std::string table;
		std::string name;
		uint32_t type = 0;
		for_each_attribute(message, sizeof(nfgenmsg), [&](const nlattr *a) {
			const uint16_t t = mnl_attr_get_type(a);
			if (kind.table && t == kind.table) table = text_of(a);
			if (t == kind.name) name = text_of(a);
			if (kind.type && t == kind.type) type = u32_of(a);
		});
		const bool here = header->nfgen_family == family && (!kind.table || table == where.of("TABLE"));
		if (here && (type & kind.bits) == kind.are && is_plain(name))
			found.push_back({std::move(name), kind.meaning});
		return true;
	});
	return found;
}

std::vector<Candidate> handles(const Expected &where, std::string_view prefix) {
	std::vector<Candidate> found;
	const std::string family(where.of("FAMILY").empty() ? "ip" : where.of("FAMILY"));
	const std::string table(where.of("TABLE"));
	const std::string chain(where.of("CHAIN"));
	if (!is_plain(table) || !is_plain(chain)) return found;
	Requests requests;
	requests.dump_rules(family_or_default(family), table, chain);
	const bool whole = dump(requests, [&](const nlmsghdr *message) {
		for_each_attribute(message, sizeof(nfgenmsg), [&](const nlattr *a) {
			if (mnl_attr_get_type(a) != NFTA_RULE_HANDLE) return;
			std::string handle = std::to_string(u64_of(a));
			if (handle.starts_with(prefix)) found.push_back({std::move(handle), "rule"});
		});
		return found.size() < kMostRules;
	});
	if (!whole) return found;
	const auto texts = rule_texts(family, table, chain, end_of_patience());
	for (Candidate &c : found) {
		if (const auto text = texts.find(c.word); text != texts.end()) c.meaning = text->second;
	}
	return found;
}

std::vector<Candidate> namespaces() {
	std::vector<Candidate> found;
	std::error_code none;
	for (const auto &entry : std::filesystem::directory_iterator("/run/netns", none)) {
		std::string name = entry.path().filename().string();
		if (is_plain(name)) found.push_back({std::move(name), "network namespace"});
	}
	std::ranges::sort(found);
	return found;
}

// The devices of the present network namespace. /sys shows the devices of the namespace in which /sys was mounted.
std::vector<Candidate> devices() {
	std::vector<Candidate> found;
	const std::unique_ptr<struct if_nameindex, decltype(&if_freenameindex)> all(if_nameindex(), if_freenameindex);
	for (const struct if_nameindex *d = all.get(); d && d->if_name; d++)
		if (is_plain(d->if_name)) found.push_back({d->if_name, "network device"});
	return found;
}

// The programs of PATH whose names begin so. One with a folder in its name is the shell's to complete.
std::vector<Candidate> programs(std::string_view prefix) {
	if (prefix.find('/') != std::string_view::npos) return {{"!file", ""}};
	const char *path = getenv("PATH");
	std::set<std::string> found;
	std::string_view rest = path ? path : "";
	while (!rest.empty() && Clock::now() < end_of_patience()) {
		const size_t end = std::min(rest.find(':'), rest.size());
		const std::filesystem::path folder(rest.substr(0, end));
		rest.remove_prefix(std::min(end + 1, rest.size()));
		std::error_code none;
		for (const auto &entry : std::filesystem::directory_iterator(folder, none)) {
			std::string name = entry.path().filename().string();
			if (!name.starts_with(prefix) || !is_plain(name)) continue;
			if (access(entry.path().c_str(), X_OK) == 0) found.insert(std::move(name));
		}
	}
	std::vector<Candidate> all;
	for (const std::string &name : found)
		all.push_back({name, ""});
	return all;
}

// Enters a network namespace by its name (ip-netns(8)), a process's number or a path. On failure, completion offers the
// names of the present namespace.
void enter(std::string_view netns) {
	const bool number = std::ranges::all_of(netns, [](char c) { return c >= '0' && c <= '9'; });
	std::string path(netns);
	if (number)
		path = "/proc/" + path + "/ns/net";
	else if (!netns.starts_with('/'))
		path = "/run/netns/" + path;
	const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
	if (file < 0) return;
	if (setns(file, CLONE_NEWNET) != 0) errno = 0;
	close(file);
}

} // namespace

std::vector<Candidate> live_names(const Wanted &wanted) {
	const Expected &name = wanted.name;
	if (name.token == "NETNS") return namespaces();
	if (name.token == "CMD") return programs(wanted.prefix);
	if (!wanted.netns.empty()) enter(wanted.netns);
	if (name.token == "DEVICE") return devices();
	if (name.token == "HANDLE") return handles(name, wanted.prefix);
	std::vector<Candidate> found;
	for (const Kind &kind : kKinds) {
		if (kind.placeholder == name.token) std::ranges::move(objects(kind, name), std::back_inserter(found));
	}
	return found;
}

} // namespace nft_drops::complete
