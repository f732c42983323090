// SPDX-License-Identifier: GPL-2.0-only
// Every family, every hook, every cause that a ruleset can have, in one ruleset. The truth is nf_tables' own: the
// `counter` in the rule that drops, or that is the last one before the policy does. Each must equal the events that
// name the rule (or the policy), packet for packet and byte for byte.
#include "abilities.h"
#include "running.h"
#include "topology.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <set>
#include <tuple>

namespace nft_drops::guest {
namespace {

using nlohmann::json;

struct Place {
	std::string family, hook;
	std::string device;          // of hooks that belong to one
	std::string from;            // who sends
	std::vector<std::string> to; // to whom, so that the hook is passed
	bool reject = true;          // may be used there
};

const std::vector<Place> kAllPlaces = {
        {"inet", "ingress", "l0", "left", {"10.1.0.1", "fd01::1"}},
        {"inet", "prerouting", "", "left", {"10.1.0.1", "fd01::1"}},
        {"inet", "input", "", "left", {"10.1.0.1", "fd01::1"}},
        {"inet", "forward", "", "left", {"10.2.0.2", "fd02::2"}},
        {"inet", "output", "", "home", {"10.1.0.2", "fd01::2", "127.0.0.1"}},
        {"inet", "postrouting", "", "home", {"10.1.0.2", "fd01::2"}, false},
        {"ip", "prerouting", "", "left", {"10.1.0.1"}},
        {"ip", "input", "", "home", {"127.0.0.1"}},
        {"ip", "forward", "", "left", {"10.2.0.2"}},
        {"ip", "output", "", "home", {"10.1.0.2"}},
        {"ip", "postrouting", "", "left", {"10.2.0.2"}, false},
        {"ip6", "prerouting", "", "left", {"fd01::1"}},
        {"ip6", "input", "", "left", {"fd01::1"}},
        {"ip6", "forward", "", "left", {"fd02::2"}},
        {"ip6", "output", "", "home", {"fd01::2"}},
        {"ip6", "postrouting", "", "home", {"fd01::2"}, false},
        {"bridge", "prerouting", "", "one", {"10.3.0.3"}},
        {"bridge", "input", "", "one", {"10.3.0.1"}},
        {"bridge", "forward", "", "one", {"10.3.0.3"}, false},
        {"bridge", "output", "", "home", {"10.3.0.2"}, false},
        {"bridge", "postrouting", "", "one", {"10.3.0.3"}, false},
        {"netdev", "ingress", "l0", "left", {"10.1.0.1", "fd01::1"}, false},
        {"netdev", "egress", "l0", "home", {"10.1.0.2", "fd01::2"}, false},
        {"arp", "input", "", "left", {}, false},
        {"arp", "output", "", "home", {}, false},
};

// Those that this kernel has.
const std::vector<Place> &places() {
	static const std::vector<Place> here = [] {
		std::vector<Place> all = kAllPlaces;
		if (!has_egress()) std::erase_if(all, [](const Place &p) { return p.hook == "egress"; });
		return all;
	}();
	return here;
}

enum Cause { kDrop, kVmap, kNamedVmap, kJump, kGoto, kReject, kPolicy, kQueue, kCauses };

// Which packets are meant for a cause: those to a port (to an address, of arp) of its own.
struct Numbers {
	size_t place;
	bool arp;
	[[nodiscard]] uint16_t port(int cause) const {
		return static_cast<uint16_t>(20000 + 100 * place + static_cast<size_t>(cause));
	}
	[[nodiscard]] std::string address(int cause) const {
		return "10.1.0." + std::to_string(100 + 10 * (place % 2) + static_cast<size_t>(cause));
	}
	[[nodiscard]] std::string key() const { return arp ? "arp daddr ip" : "udp dport"; }
	[[nodiscard]] std::string value(int cause) const { return arp ? address(cause) : std::to_string(port(cause)); }
	[[nodiscard]] std::string match(int cause) const { return key() + " " + value(cause); }
};

std::string table_name(size_t place) {
	return "t" + std::to_string(place);
}

std::string ruleset_of(size_t number) {
	const Place &p = places()[number];
	const Numbers n{number, p.family == "arp"};
	const std::string type =
	        "type filter hook " + p.hook + (p.device.empty() ? "" : " device \"" + p.device + "\"");
	const auto vmap = [&](int cause) { return n.key() + " vmap { " + n.value(cause) + " : drop }"; };
	std::string out = "table " + p.family + " " + table_name(number) + " {\n";
	out += "map m { type " + std::string(n.arp ? "ipv4_addr" : "inet_service") + " : verdict; elements = { " +
	       n.value(kNamedVmap) + " : drop } }\n";
	out += "chain jumped { " + n.match(kJump) + " counter drop; }\n";
	out += "chain gone { counter drop; }\nchain end { }\n";
	out += "chain base { " + type + " priority 5; policy accept;\n";
	out += n.match(kDrop) + " counter drop\n";
	out += n.match(kVmap) + " counter " + vmap(kVmap) + "\n";
	out += n.match(kNamedVmap) + " counter " + n.key() + " vmap @m\n";
	out += "jump jumped\n";
	out += n.match(kGoto) + " goto gone\n";
	if (p.reject) out += n.match(kReject) + " counter reject\n";
	// queue without anybody who listens: the packet is lost, but not by a rule's drop. (No queue for these
	// families.)
	if (p.family == "inet" || p.family == "ip" || p.family == "ip6")
		out += p.hook == "ingress" ? "" : n.match(kQueue) + " queue to 17\n";
	out += "}\n";
	out += "chain strict { " + type + " priority 6; policy drop;\n";
	// The policy, at the chain's end or by return.
	out += n.match(kPolicy) + (number % 2 ? " counter goto end\n" : " counter return\n") + "accept\n";
	return out + "}\n}\n";
}

class Causes : public testing::Test {
protected:
	void TearDown() override { EXPECT_TRUE(become(before_)); }
	Leftovers before_ = leftovers();
	Topology net_;
};

struct Count {
	uint64_t packets = 0;
	uint64_t bytes = 0;
	bool operator==(const Count &) const = default;
};
void PrintTo(const Count &c, std::ostream *to) {
	*to << c.packets << " packets, " << c.bytes << " bytes";
}

// Table, chain, handle of the rule (0 for the policy).
using Where = std::tuple<std::string, std::string, uint64_t>;

// What the counters say. A counter of a rule without a verdict stands for its chain's policy.
std::map<Where, Count> counted() {
	std::map<Where, Count> counts;
	const json listing = json::parse(shell("nft -j list ruleset"));
	for (const json &entry : listing["nftables"]) {
		if (!entry.contains("rule")) continue;
		const json &rule = entry["rule"];
		const auto counter =
		        std::ranges::find_if(rule["expr"], [](const json &e) { return e.contains("counter"); });
		if (counter == rule["expr"].end()) continue;
		const bool policy = rule["chain"] == "strict";
		const Count c{(*counter)["counter"]["packets"], (*counter)["counter"]["bytes"]};
		if (c.packets) counts[{rule["table"], rule["chain"], policy ? 0 : rule["handle"].get<uint64_t>()}] = c;
	}
	return counts;
}

std::map<Where, Count> told(const std::vector<json> &drops) {
	std::map<Where, Count> counts;
	for (const json &d : drops) {
		Count &c = counts[{d["table"], d["chain"], d["handle"].is_null() ? 0 : d["handle"].get<uint64_t>()}];
		c.packets++;
		c.bytes += d["length"].get<uint64_t>();
	}
	return counts;
}

TEST_F(Causes, EveryFamilyHookAndCause) {
	std::string ruleset;
	for (size_t place = 0; place < places().size(); place++)
		ruleset += ruleset_of(place);
	shell("nft -f - <<'END'\n" + ruleset + "\nEND");
	Monitor monitor({"-j"});
	std::map<Where, Count> truth;
	uint64_t all = 0;
	for (size_t number = 0; number < places().size(); number++) {
		const Place &p = places()[number];
		const Numbers n{number, p.family == "arp"};
		for (int cause = 0; cause < kCauses; cause++) {
			if (p.family == "arp" && p.hook == "input")
				net_.arp_request(n.address(cause));
			else if (p.family == "arp")
				net_.udp("home", n.address(cause), 9);
			for (const std::string &to : p.to)
				net_.udp(p.from, to, n.port(cause), 10 + number);
		}
		// Each rule's text is read from the kernel when its first packet is dropped. A drop waits for its text
		// no longer than 2 s: a slow machine does not read the texts of all places in that time.
		truth = counted();
		all = 0;
		for (const auto &[where, count] : truth)
			all += count.packets;
		ASSERT_TRUE(monitor.wait_for_lines(all)) << all;
	}
	const Finished end = monitor.finish(SIGINT);
	const auto drops = json_lines(end.out);
	EXPECT_EQ(drops.size(), all);
	auto seen = told(drops);
	std::set<std::tuple<std::string, std::string>> hooks;
	for (const json &d : drops) {
		const size_t number = std::stoul(d["table"].get<std::string>().substr(1));
		const Place &p = places().at(number);
		EXPECT_EQ(d["family"], p.family);
		EXPECT_EQ(d["hook"], p.hook);
		EXPECT_EQ(d["base_chain"], d["chain"] == "strict" ? "strict" : "base");
		EXPECT_EQ(d["reason"], d["chain"] == "strict" ? "policy" : "rule");
		EXPECT_EQ(d["rule"].is_null(), d["reason"] == "policy") << d;
		hooks.emplace(p.family, p.hook);
	}
	EXPECT_EQ(hooks.size(), places().size());
	for (const auto &[where, count] : truth) {
		const auto &[table, chain, handle] = where;
		// There nf_tables counts the whole frame; events count from the network header on.
		const Place &p = places().at(std::stoul(table.substr(1)));
		const bool frame = p.hook == "egress" || (p.family == "arp" && p.hook == "output");
		EXPECT_EQ(seen[where].packets, count.packets) << table << " " << chain << " " << handle;
		EXPECT_TRUE(frame || seen[where].bytes == count.bytes) << table << " " << chain << " " << handle;
		seen.erase(where);
	}
	for (const auto &[where, count] : seen)
		ADD_FAILURE() << "no counter has them: " << std::get<0>(where) << " " << std::get<1>(where) << " "
		              << count.packets;
	EXPECT_NE(end.err.find(" 0 other), 0 lost"), std::string::npos) << end.err;
	// Of each place: drop, two maps, jump, goto, policy; reject where it may stand.
	size_t expected = 0;
	for (const Place &p : places())
		expected += p.reject ? 7 : 6;
	EXPECT_EQ(truth.size(), expected);
}

// Rules that drop without a word: how many pass is counted in front and behind.
TEST_F(Causes, TheSilentOnes) {
	// No address that a packet could be given: on r0 none at all, on l0 none that is valid beyond the link.
	net_.at("home", "ip -4 addr flush dev r0; ip -4 addr flush dev br0; ip -4 addr del 10.1.0.1/24 dev l0;"
	                " ip addr add 10.1.0.1/24 dev l0 scope link");
	shell(R"(nft -f - <<'END'
table ip silent {
	chain count { type filter hook prerouting priority -310;
		ip protocol tcp counter ct count over 100 accept
		ip protocol tcp counter
	}
	chain syn { type filter hook input priority 1;
		tcp dport 30002 counter synproxy mss 1460 wscale 7 timestamp sack-perm
		tcp dport 30002 counter
	}
	chain masq { type nat hook postrouting priority 100;
		udp dport 30003 counter masquerade
		udp dport 30003 counter
	}
	chain redir { type nat hook prerouting priority -100;
		udp dport 30004 counter redirect to :30009
		udp dport 30004 counter
	}
}
table netdev stolen {
	chain away { type filter hook ingress device "l0" priority 0; udp dport 30005 counter fwd to "lo"; }
}
END)");
	shell("set -e; iptables-nft -A INPUT -p udp; iptables-nft -A INPUT -p udp -m multiport --dports 1,2 -j ACCEPT;"
	      " iptables-nft -A INPUT -p udp");
	Monitor monitor({"-j"});
	// Not even the ports are there.
	const std::vector<uint8_t> truncated = {0x75, 0x30};
	for (int i = 0; i < 3; i++) {
		net_.ip_packet(6, truncated);
		net_.ip_packet(17, truncated);
	}
	// An acknowledgement of nothing that the proxy sent.
	const std::vector<uint8_t> ack = {0x75, 0x30, 0x75, 0x32, 0,    0,    0, 1, 0, 0,
	                                  0,    1,    0x50, 0x10, 0xff, 0xff, 0, 0, 0, 0};
	net_.ip_packet(6, ack);
	net_.udp("home", "10.1.0.2", 30003);
	net_.udp("right", "10.2.0.1", 30004);
	net_.udp("left", "10.1.0.1", 30005);
	struct Counter {
		uint64_t packets, handle;
	};
	std::map<std::string, std::vector<Counter>> by_chain;
	const json listing = json::parse(shell("nft -j list ruleset"));
	for (const json &entry : listing["nftables"]) {
		if (!entry.contains("rule")) continue;
		for (const json &e : entry["rule"]["expr"])
			if (e.contains("counter"))
				by_chain[entry["rule"]["chain"]].push_back(
				        {e["counter"]["packets"], entry["rule"]["handle"]});
	}
	struct Silent {
		std::string by;
		size_t rule; // which of the chain's
	};
	const std::map<std::string, Silent> chains = {{"count", {"ct count", 0}},
	                                              {"syn", {"synproxy", 0}},
	                                              {"masq", {"masquerade", 0}},
	                                              {"redir", {"redirect", 0}},
	                                              {"INPUT", {"xt match", 1}}};
	const bool named = names_expressions();
	std::map<std::string, uint64_t> truth, seen;
	uint64_t all = 0;
	for (const auto &[chain, silent] : chains) {
		ASSERT_GE(by_chain[chain].size(), 2U) << chain;
		truth[chain] = by_chain[chain].front().packets - by_chain[chain].back().packets;
		EXPECT_GT(truth[chain], 0U) << chain;
		all += truth[chain];
	}
	EXPECT_EQ(by_chain["away"].at(0).packets, 1U);
	EXPECT_TRUE(monitor.wait_for_lines(all));
	for (const json &d : json_lines(monitor.finish(SIGINT).out)) {
		const std::string chain = d["chain"];
		seen[chain]++;
		EXPECT_EQ(d["reason"], "rule");
		EXPECT_EQ(d["handle"], by_chain[chain].at(chains.at(chain).rule).handle) << d;
		EXPECT_EQ(d["by"], named ? json(chains.at(chain).by) : json()) << d;
	}
	EXPECT_EQ(seen, truth);
}

// Packets of all shapes; bytes too, so that what is beside the linear part counts.
TEST_F(Causes, EveryShapeOfPacket) {
	net_.at("left",
	        "ip link add link eth0 name v7 type vlan id 7; ip link set v7 up; ip addr add 10.7.0.2/24 dev v7;"
	        " ip neigh add 10.7.0.1 lladdr 02:00:00:00:00:11 dev v7");
	net_.at("home",
	        "ip link add link l0 name v7 type vlan id 7; ip link set v7 up; ip addr add 10.7.0.1/24 dev v7");
	shell(R"(nft -f - <<'END'
table ip shapes {
	chain fragments { type filter hook prerouting priority -450; ip protocol 253 counter drop; }
	chain pre { type filter hook prerouting priority 0; iifname "v7" udp dport 9 counter drop; }
	chain out { type filter hook output priority 0; udp dport 40001 counter drop; }
	chain in { type filter hook input priority 0; udp dport 40002 counter drop; meta l4proto 254 counter drop; udp dport 40003 counter drop; }
}
table netdev tags { chain in { type filter hook ingress device "l0" priority 0; vlan id 7 udp dport 11 counter drop; }; }
END)");
	Monitor monitor({"-j"});
	const std::vector<uint8_t> some(800, 'x'), none;
	net_.ip_packet(253, some, 0x2000);
	net_.ip_packet(253, some, 100);
	net_.ip_packet(254, none);
	net_.at("left", "true");
	net_.udp("left", "10.7.0.1", 9);
	net_.udp("left", "10.7.0.1", 11);
	net_.udp("home", "127.0.0.1", 40001, 40000);
	net_.udp("home", "127.0.0.1", 40002, 60000);
	// In fragments on the wire, put together before input.
	net_.udp("left", "10.1.0.1", 40003, 5000);
	std::map<Where, Count> truth = counted();
	uint64_t all = 0;
	for (const auto &[where, count] : truth)
		all += count.packets;
	EXPECT_EQ(all, 8U);
	EXPECT_EQ(truth.size(), 7U);
	EXPECT_TRUE(monitor.wait_for_lines(all));
	const auto drops = json_lines(monitor.finish(SIGINT).out);
	EXPECT_EQ(told(drops), truth);
	std::set<uint64_t> tags;
	for (const json &d : drops)
		if (d["packet"].contains("vlan")) tags.insert(d["packet"]["vlan"][0]["id"].get<uint64_t>());
	EXPECT_EQ(tags, std::set<uint64_t>{7});
}

} // namespace
} // namespace nft_drops::guest
