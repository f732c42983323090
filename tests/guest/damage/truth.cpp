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

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <sched.h>
#include <vector>

namespace nft_drops::guest {
namespace {

constexpr uint16_t kFirstPort = 20000;
constexpr uint16_t kPorts = 150;
constexpr uint16_t kFence = 19999; // never dropped
constexpr int kChains = 6;         // jumps lead to higher numbers only

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

// Random rulesets in nft's language. Every rule that drops counts, and counts nothing else.
class Author {
public:
	explicit Author(uint32_t seed) : random_(seed) {}

	std::string table(const char *family, const char *name, int priority) {
		std::string text = fmt::format("table {} {} {{\n", family, name);
		for (int i = kChains; i-- > 0;)
			text += fmt::format("chain c{} {{\n{}}}\n", i, rules(i, 4 + below(8)));
		text += fmt::format("chain out {{ type filter hook output priority {}; policy accept;\n{}}}\n",
		                    priority, rules(-1, 25));
		text += fmt::format("chain in {{ type filter hook input priority {}; policy drop;\n{}"
		                    "udp dport {{ {}, {}-{} }} accept\n}}\n",
		                    priority, rules(-1, 12), kFence, kFirstPort, kFirstPort + kPorts * 2 / 3);
		return text + "}\n";
	}

private:
	uint32_t below(uint32_t n) { return static_cast<uint32_t>(random_() % n); }
	std::string ports() {
		const uint32_t first = kFirstPort + below(kPorts);
		switch (below(3)) {
		case 0:
			return fmt::format("{}", first);
		case 1:
			return fmt::format("{}-{}", first, first + below(12));
		default:
			return fmt::format("{{ {}, {}-{} }}", first, first + 20, first + 20 + below(6));
		}
	}
	std::string rule(int chain) {
		const int further =
		        chain + 1 < kChains
		                ? chain + 1 + static_cast<int>(below(static_cast<uint32_t>(kChains - chain - 1)))
		                : -1;
		switch (below(8)) {
		case 0:
			return fmt::format("udp dport {} accept", ports());
		case 1:
			return chain < 0 ? fmt::format("udp dport {} counter drop", ports())
			                 : fmt::format("udp dport {} return", ports());
		case 2:
			if (further >= 0) return fmt::format("udp dport {} goto c{}", ports(), further);
			[[fallthrough]];
		case 3:
			if (further >= 0) return fmt::format("udp dport {} jump c{}", ports(), further);
			[[fallthrough]];
		case 4: {
			const uint32_t p = kFirstPort + below(kPorts);
			return fmt::format("udp dport {{ {}, {} }} counter udp dport vmap {{ {} : drop, {} : drop }}",
			                   p, p + 1, p, p + 1);
		}
		case 5:
			if (further >= 0)
				return fmt::format("udp dport vmap {{ {} : jump c{} }}", kFirstPort + below(kPorts),
				                   further);
			[[fallthrough]];
		case 6:
			return fmt::format("meta length > 60 udp dport {} counter drop", ports());
		default:
			return fmt::format("udp dport {} counter drop", ports());
		}
	}
	std::string rules(int chain, uint32_t count) {
		std::string text;
		for (uint32_t i = 0; i < count; i++)
			text += rule(chain) + "\n";
		return text;
	}
	std::mt19937 random_;
};

size_t payload_of(uint16_t port) {
	return static_cast<size_t>(port % 97);
}

} // namespace

Truth::Truth(uint32_t seed) {
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

	Author author(seed);
	// Closed ports are answered by ICMP, which is nobody's business here.
	const std::string text = author.table("ip", "first", -5) + author.table("inet", "second", 5) +
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
		if (!object.contains("chain") || !object["chain"].contains("hook")) continue;
		const auto &c = object["chain"];
		const uint64_t table = handles.at(c["family"].get<std::string>() + " " + c["table"].get<std::string>());
		base_chains_[table][c["handle"]] = {c["name"], table,
		                                    c["hook"] == "output" ? NF_INET_LOCAL_OUT : NF_INET_LOCAL_IN,
		                                    c["policy"] == "drop"};
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

std::optional<std::string> Truth::contradicts(jit::Probe &probe) {
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
	const auto look_at = [&](const nd_event &e) {
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
		check(e.length == 28 + payload_of(port), [&] { return fmt::format("length {}", e.length); });
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
	};
	probe.drain([&](const nd_event &e, const nd_path *) {
		look_at(e);
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
