// SPDX-License-Identifier: GPL-2.0-only
// Network namespaces: one that is asked for, all of them, those that come and go.
#include "drop_in.h"
#include "nft-ext/demo/demo_network.h"
#include "running.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <chrono>
#include <csignal>
#include <set>
#include <thread>
#include <unistd.h>

namespace nft_drops::guest {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

class NetNs : public testing::Test {
protected:
	void SetUp() override { ASSERT_EQ(unshare(CLONE_NEWNET), 0); }
	void TearDown() override {
		shell("for n in blue green; do if [ -e /run/netns/$n ]; then ip netns del $n; fi; done");
		EXPECT_TRUE(become(before_));
	}
	// A namespace with a ruleset in which everything has the same handles as elsewhere.
	static void add(const std::string &name) {
		shell("set -e; ip netns add " + name + "; ip -n " + name + " link set lo up; ip netns exec " + name +
		      " nft 'table ip t { chain in { type filter hook input priority 0; udp dport 9 drop comment \"" +
		      name + "\"; }; }'");
	}
	// One datagram over lo, inside.
	Leftovers before_ = leftovers();
};

TEST_F(NetNs, OneByNameProcessAndFile) {
	add("blue");
	add("green");
	Running inside({"ip", "netns", "exec", "blue", "sleep", "1000"});
	const std::string pid = std::to_string(inside.pid());
	// Until it is in there.
	for (int i = 0; i < 500 && shell("ip netns identify " + pid).find("blue") == std::string::npos; i++)
		std::this_thread::sleep_for(10ms);
	for (const std::string &which : {std::string("blue"), pid, "/proc/" + pid + "/ns/net"}) {
		Monitor monitor({"-j", "--netns", which});
		drop_in(netns_named("green"));
		drop_in(netns_named("blue"));
		ASSERT_TRUE(monitor.wait_for_lines(1)) << which;
		const auto drops = json_lines(monitor.finish(SIGINT).out);
		ASSERT_EQ(drops.size(), 1U) << which;
		EXPECT_EQ(drops[0]["rule"], "udp dport 9 drop comment \"blue\"") << which;
		EXPECT_FALSE(drops[0].contains("netns_name"));
	}
	const Finished none = run({nft_drops(), "monitor", "--netns", "red"});
	EXPECT_EQ(none.status, 1);
	EXPECT_NE(none.err.find("red"), std::string::npos);
	const Finished no_namespace = run({nft_drops(), "monitor", "--netns", "/dev/null"});
	EXPECT_EQ(no_namespace.status, 1);
	EXPECT_NE(no_namespace.err.find("no network namespace"), std::string::npos);
}

TEST_F(NetNs, AllOfThemEvenThoseThatComeAndGo) {
	add("blue");
	// One without a name, but with a process in it.
	Running nameless(
	        {"unshare", "-n", "sh", "-c",
	         "ip link set lo up; nft 'table ip t { chain in { type filter hook input priority 0; udp dport 9"
	         " drop comment \"nameless\"; }; }'; echo made; sleep 1000"});
	ASSERT_TRUE(nameless.wait_for("made"));
	// In this order: the first one also sees what drops in the namespace of the second one's self-test.
	Monitor block({"--all-netns"});
	Monitor monitor({"-j", "--all-netns"});
	drop_in(netns_named("blue"));
	drop_in(netns_of(nameless.pid()));
	ASSERT_TRUE(monitor.wait_for_lines(2));
	add("green"); // while it runs
	// A device whose other end is in a namespace goes with it.
	shell("ip link add here type veth peer name there netns green");
	drop_in(netns_named("green"));
	ASSERT_TRUE(monitor.wait_for_lines(3));
	ASSERT_TRUE(block.wait_for("\"green\" # handle"));
	shell("ip netns del green");
	bool gone = false;
	for (int i = 0; i < 3000 && !gone; i++) {
		gone = run({"ip", "link", "show", "here"}).status != 0;
		if (!gone) std::this_thread::sleep_for(10ms);
	}
	EXPECT_TRUE(gone) << "the monitor keeps a namespace that is deleted";
	const std::string text = block.finish(SIGINT).out;
	for (const char *name :
	     {"# network namespace blue\n", "# network namespace green\n", "# network namespace pid "})
		EXPECT_NE(text.find(name), std::string::npos) << text;
	const auto drops = json_lines(monitor.finish(SIGINT).out);
	ASSERT_EQ(drops.size(), 3U);
	std::set<uint64_t> inodes;
	for (const json &d : drops) {
		inodes.insert(d["netns"].get<uint64_t>());
		const std::string rule = d["rule"].is_null() ? "gone" : d["rule"].get<std::string>();
		const std::string name = d["netns_name"];
		if (name.starts_with("pid " + std::to_string(nameless.pid()) + " (")) {
			EXPECT_EQ(rule, "udp dport 9 drop comment \"nameless\"");
		} else {
			EXPECT_EQ(rule, "udp dport 9 drop comment \"" + name + "\"");
		}
	}
	EXPECT_EQ(inodes.size(), 3U);
	nameless.finish(SIGKILL);
}

} // namespace
} // namespace nft_drops::guest
