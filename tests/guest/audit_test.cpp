// SPDX-License-Identifier: GPL-2.0-only
// `--audit`: what the kernel itself frees as dropped by netfilter, against what is seen of nf_tables.
#include "abilities.h"
#include "running.h"
#include "topology.h"

#include <gtest/gtest.h>

#include <cctype>
#include <csignal>
#include <cstring>
#include <map>
#include <memory>
#include <sched.h>
#include <thread>

namespace nft_drops::guest {
namespace {

using nlohmann::json;

// UDP over IPv6 from left to home, with an extension header in between.
std::vector<uint8_t> behind_hop_by_hop(uint16_t port) {
	std::vector<uint8_t> f{2, 0, 0, 0, 0, 0x11, 2, 0, 0, 0, 0, 0x12, 0x86, 0xdd, 0x60, 0, 0, 0, 0, 24, 0, 64};
	for (const uint8_t last : {2, 1})
		for (const uint8_t b : {0xfd, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, int{last}})
			f.push_back(b);
	for (const int b :
	     {17, 0, 1, 4, 0, 0, 0, 0, 0x12, 0x34, port >> 8, port & 0xff, 0, 16, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8})
		f.push_back(static_cast<uint8_t>(b));
	return f;
}

class Audit : public testing::Test {
protected:
	// Where the kernel does not tell why it frees a packet, `--audit` is refused, and there is nothing more to try.
	static bool refused() {
		if (tells_netfilter_drops()) return false;
		const Finished f = run({nft_drops(), "monitor", "--audit", "--for", "1s"});
		EXPECT_EQ(f.status, 2) << f.err;
		EXPECT_EQ(f.out, "");
		EXPECT_NE(f.err.find("this kernel does not tell why it frees a packet"), std::string::npos) << f.err;
		return true;
	}
	void TearDown() override {
		set_most(before_most_);
		EXPECT_TRUE(become(before_));
	}
	// Connections that conntrack takes: one figure for all namespaces, set in the first one.
	static std::string most() { return shell("nsenter -t 1 -n cat /proc/sys/net/netfilter/nf_conntrack_max"); }
	static void set_most(const std::string &number) {
		shell("nsenter -t 1 -n sh -c 'echo " + number.substr(0, number.find('\n')) +
		      " > /proc/sys/net/netfilter/nf_conntrack_max'");
	}
	static void load() {
		shell(R"(nft 'table ip t { chain in { type filter hook input priority 0; policy drop;
			ct state invalid accept; udp dport 7001 counter drop; udp dport 7002 counter accept; counter; }; }')");
	}
	// With load(): three drops by the rule, two by the policy, and four by conntrack, of ports 7004 to 7007.
	void drop_nine() {
		// A connection that stays.
		net_.udp("left", "10.1.0.1", 7002);
		for (int i = 0; i < 3; i++)
			net_.udp("left", "10.1.0.1", 7001);
		for (int i = 0; i < 2; i++)
			net_.udp("left", "10.1.0.1", 7003);
		set_most("1");
		// One more connection than conntrack takes: it drops the packet, before any rule sees it.
		for (int i = 0; i < 4; i++)
			net_.udp("left", "10.1.0.1", static_cast<uint16_t>(7004 + i));
	}
	Leftovers before_ = leftovers();
	std::string before_most_ = (shell("modprobe nf_conntrack"), most());
	Topology net_;
};

TEST_F(Audit, RulePolicyAndOther) {
	if (refused()) return;
	load();
	Monitor monitor({"-j", "--audit"});
	drop_nine();
	ASSERT_TRUE(monitor.wait_for_lines(9)) << monitor.out();
	const Finished end = monitor.finish(SIGINT);
	EXPECT_NE(end.err.find("nft-drops: 9 netfilter drops = 3 by rule + 2 by policy + 4 other\n"), std::string::npos)
	        << end.err;
	EXPECT_NE(end.err.find("nft-drops: 9 drops (3 by rule, 2 by policy, 4 other), 0 lost\n"), std::string::npos)
	        << end.err;
	const auto drops = json_lines(end.out);
	ASSERT_EQ(drops.size(), 9U);
	for (size_t i = 5; i < 9; i++) {
		EXPECT_EQ(drops[i]["reason"], "other");
		EXPECT_TRUE(drops[i]["table"].is_null());
		EXPECT_EQ(drops[i]["location"], "nf_hook_slow") << drops[i];
		EXPECT_EQ(drops[i]["packet"]["dport"], 7004 + i - 5);
		EXPECT_EQ(drops[i]["netns"], drops[0]["netns"]);
	}
}

// The account is about all of netfilter's drops, whether they were asked for or not.
TEST_F(Audit, WithAFilter) {
	if (refused()) return;
	load();
	Monitor monitor({"-j", "--audit", "udp dport { 7001, 7005, 7006 }"});
	Monitor by_pcap({"-j", "--audit", "--pcap", "udp port 7006"});
	Monitor of_chain({"-j", "--audit", "chain", "ip", "t", "in"});
	drop_nine();
	ASSERT_TRUE(monitor.wait_for_lines(5)) << monitor.out();
	const Finished end = monitor.finish(SIGINT);
	EXPECT_NE(end.err.find("nft-drops: 9 netfilter drops = 3 by rule + 0 by policy + 2 other + 0 undecided + 4 not "
	                       "asked for\n"),
	          std::string::npos)
	        << end.err;
	EXPECT_NE(end.err.find("nft-drops: 5 drops (3 by rule, 0 by policy, 2 other) of 9, 0 lost\n"),
	          std::string::npos)
	        << end.err;
	const auto drops = json_lines(end.out);
	ASSERT_EQ(drops.size(), 5U);
	for (size_t i = 3; i < 5; i++) {
		EXPECT_EQ(drops[i]["reason"], "other");
		EXPECT_EQ(drops[i]["packet"]["dport"], 7005 + i - 3);
	}
	const Finished pcap = by_pcap.finish(SIGINT);
	EXPECT_NE(pcap.err.find("nft-drops: 1 drops (0 by rule, 0 by policy, 1 other) of 9, 0 lost\n"),
	          std::string::npos)
	        << pcap.err;
	// Other drops belong to no chain.
	const Finished chain = of_chain.finish(SIGINT);
	EXPECT_NE(
	        chain.err.find("nft-drops: 9 netfilter drops = 3 by rule + 2 by policy + 0 other + 0 undecided + 4 not "
	                       "asked for\n"),
	        std::string::npos)
	        << chain.err;
}

// Of five packets that conntrack dropped: by how many a MATCH is satisfied, and of how many nobody can tell.
TEST_F(Audit, WhatOtherDropsTell) {
	if (refused()) return;
	struct Asked {
		const char *match;
		uint64_t yes, undecided;
	};
	// At prerouting: two of IPv4, one of IPv6, and one of IPv6 with a hop-by-hop header. At
	// output: one of IPv4 to left, which has no input device.
	const std::vector<Asked> all = {
	        {"udp dport 7005", 2, 0},
	        {"udp dport != 7005", 3, 0},
	        {"ip saddr 10.1.0.2", 2, 0},
	        {"ip6 saddr fd01::2", 2, 0},
	        {"meta l4proto udp", 5, 0},
	        {"meta nfproto ipv4", 0, 5},
	        {"iifname l0", 4, 0},
	        {"iifname != l0", 1, 0},
	        {"oifname l0", 1, 0},
	        {"oif != l0", 4, 0},
	        {"ether saddr 02:00:00:00:00:12", 4, 0},
	        {"exthdr hbh exists", 1, 0},
	        {"arp operation request", 0, 0},
	        {"meta length > 60", 1, 0},
	};
	shell("nft 'table inet t { chain in { type filter hook input priority 0; ct state invalid accept; }; chain out "
	      "{ "
	      "type filter hook output priority 0; ct state invalid accept; }; }'");
	set_most("1");
	std::vector<std::unique_ptr<Monitor>> monitors;
	for (const Asked &asked : all)
		monitors.push_back(std::make_unique<Monitor>(std::vector<std::string>{"-j", "--audit", asked.match}));
	// The one connection that there is room for, for 30 seconds.
	net_.udp("left", "10.1.0.1", 7002);
	net_.udp("left", "10.1.0.1", 7005);
	net_.udp("left", "10.1.0.1", 7006);
	net_.udp("left", "fd01::1", 7007);
	net_.frame("left", behind_hop_by_hop(7005));
	net_.udp("home", "10.1.0.2", 7008);
	for (size_t i = 0; i < all.size(); i++) {
		const Finished end = monitors[i]->finish(SIGINT);
		const std::string told = "nft-drops: 5 netfilter drops = 0 by rule + 0 by policy + " +
		                         std::to_string(all[i].yes) + " other + " + std::to_string(all[i].undecided) +
		                         " undecided + " + std::to_string(5 - all[i].yes - all[i].undecided) +
		                         " not asked for\n";
		EXPECT_NE(end.err.find(told), std::string::npos) << all[i].match << "\n" << end.err << end.out;
		size_t undecided = 0;
		for (const json &drop : json_lines(end.out))
			undecided += drop.value("undecided", false);
		EXPECT_EQ(undecided, all[i].undecided) << all[i].match;
	}
}

// Nothing is missing over all hooks: each of nf_tables' drops is one that the kernel frees as such.
TEST_F(Audit, EveryHook) {
	if (refused()) return;
	shell(R"(nft -f - <<'END'
table inet h {
	chain pre { type filter hook prerouting priority 0; udp dport 7001 counter drop; }
	chain in { type filter hook input priority 0; udp dport 7002 counter drop; }
	chain forward { type filter hook forward priority 0; udp dport 7003 counter drop; }
	chain out { type filter hook output priority 0; udp dport 7004 counter drop; }
	chain post { type filter hook postrouting priority 0; udp dport 7005 counter drop; }
}
table bridge h { chain forward { type filter hook forward priority 0; udp dport 7006 counter drop; }; }
table netdev h { chain in { type filter hook ingress device "l0" priority 0; udp dport 7007 counter drop; }; }
END)");
	Monitor monitor({"-j", "--audit"});
	net_.udp("left", "10.1.0.1", 7001);
	net_.udp("left", "10.1.0.1", 7002);
	net_.udp("left", "10.2.0.2", 7003);
	net_.udp("home", "10.1.0.2", 7004);
	net_.udp("home", "10.1.0.2", 7005);
	net_.udp("one", "10.3.0.3", 7006);
	net_.udp("left", "10.1.0.1", 7007);
	ASSERT_TRUE(monitor.wait_for_lines(7));
	const Finished end = monitor.finish(SIGINT);
	EXPECT_NE(end.err.find("nft-drops: 7 netfilter drops = 7 by rule + 0 by policy + 0 other\n"), std::string::npos)
	        << end.err;
}

// The line of the account, and the shown drops by the function that freed the packet.
struct Account {
	std::string line;
	std::map<std::string, size_t> freed_in;
	size_t shown = 0;
};
Account account_of(const Finished &end) {
	Account account;
	for (const std::string &line : lines_of(end.err))
		if (line.find(" netfilter drops = ") != std::string::npos) account.line = line;
	for (const json &drop : json_lines(end.out)) {
		account.shown++;
		if (drop["reason"] == "other") account.freed_in[drop["location"]]++;
	}
	return account;
}

// nf_queue() frees without a reason.
TEST_F(Audit, AQueueThatNobodyListensTo) {
	if (refused()) return;
	shell(R"(nft 'table ip t { chain in { type filter hook input priority 0;
		udp dport 7009 counter queue num 3; udp dport 7010 counter drop; }; }')");
	Monitor monitor({"-j", "--audit"});
	for (int i = 0; i < 12; i++)
		net_.udp("left", "10.1.0.1", 7009);
	net_.udp("left", "10.1.0.1", 7010);
	ASSERT_TRUE(monitor.wait_for_lines(13)) << monitor.out();
	const Finished end = monitor.finish(SIGINT);
	Account account = account_of(end);
	EXPECT_EQ(account.line, "nft-drops: 13 netfilter drops = 1 by rule + 0 by policy + 12 other") << end.err;
	EXPECT_EQ(account.freed_in["nf_queue"], 12U) << end.out;
}

// The same with the module that has queues: none of this number is there.
TEST_F(Audit, AQueueThatIsNotThere) {
	if (refused()) return;
	shell("modprobe nfnetlink_queue");
	shell(R"(nft 'table ip t { chain in { type filter hook input priority 0; udp dport 7009 counter queue num 3; }; }')");
	Monitor monitor({"-j", "--audit"});
	for (int i = 0; i < 5; i++)
		net_.udp("left", "10.1.0.1", 7009);
	ASSERT_TRUE(monitor.wait_for_lines(5)) << monitor.out();
	EXPECT_EQ(account_of(monitor.finish(SIGINT)).line,
	          "nft-drops: 5 netfilter drops = 0 by rule + 0 by policy + 5 other");
}

// Legacy iptables has no rules of nf_tables: its drops are other ones. What iptables-nft makes is nf_tables' own.
TEST_F(Audit, IptablesOfBothKinds) {
	if (refused()) return;
	// Kernels without CONFIG_NETFILTER_XTABLES_LEGACY have only the other kind.
	const bool legacy = run({"iptables-legacy", "-t", "filter", "-L"}).status == 0;
	shell("nft 'table ip t { chain pre { type filter hook prerouting priority 0; udp dport 7001 counter drop; }; "
	      "}'");
	shell("iptables-nft -A INPUT -p udp --dport 7002 -j DROP; iptables-nft -P FORWARD DROP");
	if (legacy) {
		shell("iptables-legacy -A INPUT -p udp --dport 7003 -j DROP;"
		      " iptables-legacy -t mangle -A POSTROUTING -p udp --dport 7004 -j DROP;"
		      " iptables-legacy -t raw -A PREROUTING -p udp --dport 7005 -j DROP");
	}
	Monitor monitor({"-j", "--audit"});
	for (int i = 0; i < 2; i++)
		net_.udp("left", "10.1.0.1", 7001);
	for (int i = 0; i < 3; i++)
		net_.udp("left", "10.1.0.1", 7002);
	net_.udp("left", "10.2.0.2", 7006); // the policy of FORWARD
	for (int i = 0; i < 4; i++)
		net_.udp("left", "10.1.0.1", 7003);
	net_.udp("home", "10.1.0.2", 7004);
	for (int i = 0; i < 5; i++)
		net_.udp("left", "10.1.0.1", 7005);
	const size_t others = legacy ? 10 : 0, all = 6 + others;
	ASSERT_TRUE(monitor.wait_for_lines(all)) << monitor.out();
	if (legacy) {
		const std::string listed =
		        shell("iptables-legacy -nvxL INPUT; iptables-legacy -t raw -nvxL PREROUTING");
		EXPECT_NE(listed.find(" 4 "), std::string::npos) << listed;
		EXPECT_NE(listed.find(" 5 "), std::string::npos) << listed;
		shell("iptables-legacy -F; iptables-legacy -t mangle -F; iptables-legacy -t raw -F");
	}
	const Finished end = monitor.finish(SIGINT);
	EXPECT_EQ(account_of(end).line, "nft-drops: " + std::to_string(all) +
	                                        " netfilter drops = 5 by rule + 1 by policy + " +
	                                        std::to_string(others) + " other")
	        << end.err;
	for (const json &drop : json_lines(end.out)) {
		const unsigned port = drop["packet"]["dport"];
		EXPECT_EQ(drop["reason"] == "other", port >= 7003 && port <= 7005) << drop;
		EXPECT_EQ(drop["reason"] == "policy", port == 7006) << drop;
	}
}

// Bridged packets in the hooks of ip: rules, a policy and br_netfilter itself drop them.
TEST_F(Audit, BridgedPacketsInTheHooksOfIp) {
	if (refused()) return;
	if (run({"modprobe", "br_netfilter"}).status != 0) return; // without CONFIG_BRIDGE_NETFILTER there are none
	shell("mkdir -p /tmp/proc; mount -t proc proc /tmp/proc; "
	      "echo 1 > /tmp/proc/sys/net/bridge/bridge-nf-call-iptables; umount /tmp/proc");
	shell(R"(nft -f - <<'END'
table ip t {
	chain forward { type filter hook forward priority 0; policy drop;
		udp dport 7001 counter drop; udp dport 7002 counter accept; ct state invalid counter accept; }
	chain out { type filter hook postrouting priority 0; udp dport 7002 counter drop; }
	chain nat { type nat hook prerouting priority -100; udp dport 7005 dnat to 127.0.0.1; }
}
END)");
	Monitor monitor({"-j", "--audit"});
	const auto send = [this](uint16_t port, int times) {
		for (int i = 0; i < times; i++)
			net_.udp("one", "10.3.0.3", port);
	};
	send(7001, 2); // a rule in forward
	send(7002, 3); // a rule in postrouting
	send(7003, 4); // the policy of forward
	send(7005, 5); // a new address that has no way from outside: br_netfilter frees without a reason
	ASSERT_TRUE(monitor.wait_for_lines(14)) << monitor.out();
	const std::string listed = shell("nft list ruleset");
	EXPECT_NE(listed.find("udp dport 7001 counter packets 2"), std::string::npos) << listed;
	EXPECT_NE(listed.find("udp dport 7002 counter packets 3 bytes 114 drop"), std::string::npos) << listed;
	const Finished end = monitor.finish(SIGINT);
	EXPECT_EQ(account_of(end).line, "nft-drops: 14 netfilter drops = 5 by rule + 4 by policy + 5 other") << end.err;
	for (const json &drop : json_lines(end.out)) {
		EXPECT_EQ(drop["reason"] == "other", drop["packet"]["daddr"] == "127.0.0.1") << drop;
		EXPECT_EQ(drop["physin"], "b1") << drop;
		EXPECT_EQ(drop.value("physout", ""), drop["reason"] == "other" ? "" : "b2") << drop;
		if (drop["reason"] == "other") {
			EXPECT_EQ(drop["location"].get<std::string>().rfind("br_nf_", 0), 0U) << drop;
		}
	}
}

void run_on(unsigned cpu) {
	cpu_set_t cpus;
	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	EXPECT_EQ(sched_setaffinity(0, sizeof(cpus), &cpus), 0);
}

uint64_t number_before(const std::string &text, const std::string &word) {
	const size_t end = text.find(word);
	if (end == std::string::npos) return 0;
	size_t begin = end;
	while (begin > 0 && isdigit(text[begin - 1]))
		begin--;
	return begin == end ? 0 : std::stoull(text.substr(begin, end - begin));
}

// Output drops of a task, and a flood of drops in the softirqs that interrupt the task on the same processor. The
// kernel skips a probe while another BPF program runs on that processor: such a drop is in `lost`, and its free is
// "other".
TEST_F(Audit, OutputDropsWithinAFlood) {
	if (refused()) return;
	constexpr int kPackets = 4'000;
	shell(R"(nft 'table ip t {
		chain out { type filter hook output priority 0; udp dport 7004 counter drop; }
		chain in { type filter hook input priority 0; udp dport 7005 counter drop; }; }')");
	// What left sends from processor 1 comes in on processor 0.
	// /sys shows the devices of the namespace in which it was mounted.
	shell("mkdir -p /tmp/sys; mount -t sysfs sysfs /tmp/sys; echo 1 > /tmp/sys/class/net/l0/queues/rx-0/rps_cpus;"
	      " umount /tmp/sys");
	Monitor monitor({"--format", "line", "--audit", "--limit", "10/second"});
	std::thread flood([this] {
		run_on(1);
		for (int i = 0; i < kPackets; i++)
			net_.udp("left", "10.1.0.1", 7005);
	});
	run_on(0);
	for (int i = 0; i < kPackets; i++)
		net_.udp("home", "10.1.0.2", 7004);
	flood.join();
	cpu_set_t all;
	memset(&all, 0xff, sizeof(all));
	sched_setaffinity(0, sizeof(all), &all);
	const Finished end = monitor.finish(SIGINT);
	const std::string line = account_of({end.status, "", end.err}).line;
	ASSERT_NE(line, "") << end.err;
	// Kernels before 6.7 do not count all misses.
	const bool counts_misses = end.err.find("cannot tell how often") == std::string::npos;
	if (counts_misses) {
		EXPECT_LE(number_before(line, " other"), number_before(end.err, " lost")) << end.err;
	}
	// What did not arrive for want of room in the backlog never saw a rule.
	uint64_t dropped = 0;
	for (const std::string &n :
	     lines_of(shell("nft list ruleset | sed -n 's/.*counter packets \\([0-9]*\\) .*/\\1/p'")))
		dropped += std::stoull(n);
	EXPECT_GE(dropped, uint64_t{kPackets});
	EXPECT_LE(number_before(end.err, " drops ("), dropped) << end.err;
	if (counts_misses) {
		EXPECT_GE(number_before(end.err, " drops (") + number_before(end.err, " lost"), dropped) << end.err;
	}
}

} // namespace
} // namespace nft_drops::guest
