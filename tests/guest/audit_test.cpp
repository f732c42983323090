// SPDX-License-Identifier: GPL-2.0-only
// `--audit`: what the kernel itself frees as dropped by netfilter, against what is seen of nf_tables.
#include "abilities.h"
#include "running.h"
#include "topology.h"

#include <gtest/gtest.h>

#include <csignal>

namespace nft_drops::guest {
namespace {

using nlohmann::json;

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
	Leftovers before_ = leftovers();
	std::string before_most_ = (shell("modprobe nf_conntrack"), most());
	Topology net_;
};

TEST_F(Audit, RulePolicyAndOther) {
	if (refused()) return;
	shell(R"(nft 'table ip t { chain in { type filter hook input priority 0; policy drop;
		ct state invalid accept; udp dport 7001 counter drop; udp dport 7002 counter accept; counter; }; }')");
	Monitor monitor({"-j", "--audit"});
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

} // namespace
} // namespace nft_drops::guest
