// SPDX-License-Identifier: GPL-2.0-only
#include "truth.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/netfilter.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <nlohmann/json.hpp>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sched.h>
#include <vector>

namespace nft_drops::guest {
namespace {

constexpr uint16_t kFirstPort = RandomTable::kFirstPort;
constexpr uint16_t kPorts = RandomTable::kPorts;
constexpr uint16_t kFence = RandomTable::kFence;

void must(bool ok, const char *what) {
	if (ok) return;
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	std::abort();
}

std::string output_of(const std::string &command) {
	FILE *pipe = popen(command.c_str(), "r");
	must(pipe != nullptr, "popen");
	std::string text;
	std::array<char, 65536> buffer{};
	while (const size_t n = fread(buffer.data(), 1, buffer.size(), pipe))
		text.append(buffer.data(), n);
	must(pclose(pipe) == 0, command.c_str());
	return text;
}

size_t payload_of(uint16_t port) {
	return static_cast<size_t>(port % 97);
}

size_t length_of(uint16_t port) {
	return sizeof(iphdr) + sizeof(udphdr) + payload_of(port);
}

} // namespace

Truth::Truth(uint32_t seed, const jit::ExpressionLayout &expressions)
    : names_(expressions), random_{{{"ip", "first", -5, seed}, {"inet", "second", 5, seed + 1}}} {
	struct stat s{};
	must(stat("/proc/self/ns/net", &s) == 0, "/proc/self/ns/net");
	netns_ = static_cast<uint32_t>(s.st_ino);
	sender_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	listener_ = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_UDP);
	must(sender_ >= 0 && listener_ >= 0, "socket");
	timeval patience{20, 0};
	setsockopt(listener_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	cpu_set_t here;
	CPU_ZERO(&here);
	CPU_SET(sched_getcpu(), &here);
	must(sched_setaffinity(0, sizeof(here), &here) == 0, "sched_setaffinity");
	ifreq r{};
	strncpy(r.ifr_name, "lo", sizeof(r.ifr_name) - 1);
	r.ifr_flags = IFF_UP;
	must(ioctl(sender_, SIOCSIFFLAGS, &r) == 0, "lo");

	// Closed ports are answered by ICMP, which is nobody's business here.
	const std::string text = random_[0].text() + random_[1].text() +
	                         "table ip quiet { chain out { type filter hook output priority -100; ip protocol icmp "
	                         "counter drop; }; }\n";
	FILE *nft = popen("nft -f -", "w");
	must(nft && fwrite(text.data(), 1, text.size(), nft) == text.size() && pclose(nft) == 0, "nft -f");

	const auto listing = nlohmann::json::parse(output_of("nft -j list ruleset"));
	std::map<std::string, uint64_t> handles;
	for (const auto &object : listing["nftables"]) {
		if (!object.contains("table")) continue;
		const auto &t = object["table"];
		const std::string name = t["family"].get<std::string>() + " " + t["name"].get<std::string>();
		tables_[t["handle"]] = name;
		handles[name] = t["handle"];
	}
	for (const auto &object : listing["nftables"]) {
		if (!object.contains("chain")) continue;
		const auto &c = object["chain"];
		const uint64_t table = handles.at(c["family"].get<std::string>() + " " + c["table"].get<std::string>());
		chains_[table][c["name"]] = c["handle"];
		if (!c.contains("hook")) continue;
		base_chains_[table][c["handle"]] = {
		        c["name"], c["hook"] == "output" ? NF_INET_LOCAL_OUT : NF_INET_LOCAL_IN, c["policy"] == "drop"};
	}
	for (const auto &object : listing["nftables"]) {
		if (!object.contains("rule")) continue;
		const auto &r = object["rule"];
		const uint64_t table = handles.at(r["family"].get<std::string>() + " " + r["table"].get<std::string>());
		rules_[table][r["chain"]].push_back(r["handle"]);
	}
}

Truth::~Truth() {
	close(sender_);
	close(listener_);
}

std::map<Truth::RuleKey, uint64_t> Truth::counters() {
	std::map<RuleKey, uint64_t> packets;
	std::map<std::string, uint64_t> handles;
	for (const auto &[handle, name] : tables_)
		handles[name] = handle;
	const auto listing = nlohmann::json::parse(output_of("nft -j list ruleset"));
	for (const auto &object : listing["nftables"]) {
		if (!object.contains("rule")) continue;
		const auto &r = object["rule"];
		const uint64_t table = handles.at(r["family"].get<std::string>() + " " + r["table"].get<std::string>());
		for (const auto &e : r["expr"]) {
			if (e.contains("counter")) packets[{table, r["handle"]}] = e["counter"]["packets"];
		}
	}
	return packets;
}

bool Truth::send(uint16_t port) const {
	sockaddr_in to{};
	to.sin_family = AF_INET;
	to.sin_port = htons(port);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	const std::vector<char> payload(payload_of(port), 'x');
	for (;;) {
		if (sendto(sender_, payload.data(), payload.size(), 0, reinterpret_cast<sockaddr *>(&to), sizeof(to)) >=
		    0)
			return false;
		if (errno == EPERM) return true;
		must(errno == ECONNREFUSED, "sendto"); // of an earlier one
	}
}

// All packets wait in one line (one processor): when a later one is there, this one is, or was dropped on its way in.
bool Truth::received(uint16_t port) const {
	send(kFence);
	for (;;) {
		uint8_t packet[512];
		const ssize_t n = recv(listener_, packet, sizeof(packet), 0);
		must(n >= 0, "recv");
		const auto to = static_cast<uint16_t>(n >= 28 ? packet[22] << 8 | packet[23] : 0);
		if (to == kFence) return false;
		if (to != port) continue;
		while (recv(listener_, packet, sizeof(packet), 0) >= 28 && (packet[22] << 8 | packet[23]) != kFence) {
		}
		return true;
	}
}

// What it says beyond who decided: the expression that did, and the jumps that led there.
std::optional<std::string> Truth::contradicts(const nd_event &e, const nd_path *path, uint16_t port,
                                              const jit::Plan &plan) {
	const auto chain = base_chains_.at(e.table_handle).at(e.chain_handle);
	const auto table = std::ranges::find(random_, tables_.at(e.table_handle), &RandomTable::title);
	const auto drop = table->fate(chain.name, port, length_of(port));
	const auto &rules = rules_.at(e.table_handle);
	const auto handle = [&rules](const RandomTable::Place &at) {
		const auto &all = rules.at(at.first);
		return at.second < all.size() ? all[at.second] : 0;
	};
	const uint64_t rule = drop ? handle(drop->rule) : 0;
	if ((e.cause == ND_CAUSE_RULE ? e.rule_handle : 0) != rule)
		return fmt::format("rule {}, not {}", e.rule_handle, rule);
	const auto site = std::ranges::find(plan.sites, e.site, [](const auto &s) { return s.site.index; });
	const bool named = site != plan.sites.end() && site->site.expr.where != ND_WHERE_NONE;
	const char *expected = !drop || !named ? "" : drop->by_map ? "lookup" : "immediate";
	if (const std::string name = names_.name(e.expr_ops); name != expected)
		return fmt::format("expression \"{}\" for \"{}\"", name, expected);

	const std::vector<RandomTable::Place> jumps = drop ? drop->jumps : std::vector<RandomTable::Place>{};
	if (!path || path->depth != jumps.size()) return fmt::format("{} jumps", path ? path->depth : 0);
	for (size_t i = 0; i < jumps.size(); i++) {
		const auto &[next, in] = path->jumps[i];
		const uint64_t behind = handle({jumps[i].first, jumps[i].second + 1});
		// Of a jump at its chain's end only the chain can be known, of others the rule is enough.
		if (next != behind || (in ? in != chains_.at(e.table_handle).at(jumps[i].first) : !behind))
			return fmt::format("jump {} to be continued at rule {} of chain {}", i + 1, next, in);
	}
	return std::nullopt;
}

std::optional<std::string> Truth::contradicts(jit::Probe &probe, const jit::Plan &plan) {
	const auto before = counters();
	probe.drain([](const nd_event &, const nd_path *) { return true; });
	std::map<uint16_t, int> dropped; // hook by port
	for (uint16_t port = kFirstPort; port < kFirstPort + kPorts; port++) {
		if (send(port))
			dropped[port] = NF_INET_LOCAL_OUT;
		else if (!received(port))
			dropped[port] = NF_INET_LOCAL_IN;
	}
	auto expected = counters();
	for (auto &[key, n] : expected)
		n -= before.at(key);

	std::optional<std::string> wrong;
	const auto check = [&wrong](bool right, auto &&words) {
		if (!right && !wrong) wrong = words();
	};
	const auto look_at = [&](const nd_event &e, const nd_path *path) {
		const std::string table = tables_.contains(e.table_handle) ? tables_.at(e.table_handle) : "";
		const std::string family = e.family == NFPROTO_INET ? "inet" : e.family == NFPROTO_IPV4 ? "ip" : "?";
		check(table == family + " " + std::string(e.table, strnlen(e.table, sizeof(e.table))),
		      [&] { return fmt::format("table {}", e.table_handle); });
		if (table == "ip quiet") return;
		const auto &chains = base_chains_[e.table_handle];
		const auto chain = chains.find(e.chain_handle);
		check(chain != chains.end() && chain->second.hook == e.hook &&
		              chain->second.name ==
		                      std::string(e.base_chain, strnlen(e.base_chain, sizeof(e.base_chain))),
		      [&] { return fmt::format("base chain {} at hook {}", e.chain_handle, e.hook); });
		const auto port = static_cast<uint16_t>(e.l3[22] << 8 | e.l3[23]);
		const auto packet = dropped.find(port);
		check(e.l3_len >= 28 && packet != dropped.end() && packet->second == e.hook, [&] {
			return fmt::format("a packet to {} that was not dropped, or twice, or at another hook", port);
		});
		check(e.length == length_of(port), [&] { return fmt::format("length {}", e.length); });
		if (packet != dropped.end()) dropped.erase(packet);
		if (e.cause == ND_CAUSE_RULE) {
			auto rule = expected.find({e.table_handle, e.rule_handle});
			check(rule != expected.end() && rule->second > 0,
			      [&] { return fmt::format("rule {} of table {}", e.rule_handle, e.table_handle); });
			if (rule != expected.end()) rule->second--;
		} else {
			check(e.cause == ND_CAUSE_POLICY && chain != chains.end() && chain->second.policy_drop,
			      [&] { return fmt::format("cause {}", e.cause); });
		}
		if (!wrong) wrong = contradicts(e, path, port, plan);
	};
	probe.drain([&](const nd_event &e, const nd_path *path) {
		look_at(e, path);
		return true;
	});
	for (const auto &[key, n] : expected) {
		check(n == 0 || tables_.at(key.first) == "ip quiet",
		      [&] { return fmt::format("rule {}: {} drops unseen or told of another", key.second, n); });
	}
	check(dropped.empty(), [&] { return fmt::format("{} drops unseen", dropped.size()); });
	return wrong;
}

} // namespace nft_drops::guest
