// SPDX-License-Identifier: GPL-2.0-only
// Rulesets as the usual programs change them: each drop carries the text that its rule had then, though the rule is
// gone by the time it is shown. The rule's own words tell which one it was.
#include "nft-ext/demo/demo_network.h"
#include "running.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <csignal>
#include <fstream>
#include <functional>

namespace nft_drops::guest {
namespace {

constexpr int kSteps = 30;

class Motion : public testing::Test {
protected:
	void SetUp() override {
		ASSERT_EQ(unshare(CLONE_NEWNET), 0);
		shell("ip link set lo up");
	}
	void TearDown() override { EXPECT_TRUE(become(before_)); }

	// Before each datagram the ruleset is changed, and its first change behind it comes at once.
	static void expect_texts(const std::function<uint16_t(int)> &port, const std::function<void(int)> &change,
	                         const std::function<std::string(int)> &words) {
		change(0);
		Monitor monitor({"-j"});
		for (int i = 0; i < kSteps; i++) {
			ASSERT_TRUE(cli::DemoNetwork::over_loopback(port(i)));
			change(i + 1);
		}
		EXPECT_TRUE(monitor.wait_for_lines(kSteps));
		const auto drops = json_lines(monitor.finish(SIGINT).out);
		ASSERT_EQ(drops.size(), size_t{kSteps});
		for (int i = 0; i < kSteps; i++) {
			const auto &rule = drops[static_cast<size_t>(i)]["rule"];
			ASSERT_TRUE(rule.is_string()) << i;
			EXPECT_NE(rule.get<std::string>().find(words(i)), std::string::npos) << i << ": " << rule;
		}
	}
	static void load(const std::string &script) {
		std::ofstream("/tmp/motion.nft") << script;
		shell("nft -f /tmp/motion.nft");
	}

	Leftovers before_ = leftovers();
};

std::string words_of(int i) {
	return "drop comment \"step " + std::to_string(i) + "\"";
}

// What a step's rules are, in the same chains with the same handles each time.
std::string table(int i) {
	return "table inet firewalld { chain filter_INPUT { type filter hook input priority 10; jump filter_IN_public; "
	       "}\n"
	       "chain filter_IN_public { udp dport 7001 " +
	       words_of(i) + "; }\n}\n";
}

// firewalld --reload: its table goes and comes back in one transaction.
TEST_F(Motion, OneTableMadeAnew) {
	expect_texts([](int) { return 7001; },
	             [](int i) { load("table inet firewalld { }\ndelete table inet firewalld\n" + table(i)); },
	             words_of);
}

// nftables.service: flush ruleset, then all of it.
TEST_F(Motion, AllFlushed) {
	expect_texts([](int) { return 7001; }, [](int i) { load("flush ruleset\n" + table(i)); }, words_of);
}

// Docker: rules come and go one by one, by iptables-nft.
TEST_F(Motion, RuleByRuleByIptables) {
	shell("iptables-nft -N DOCKER-USER; iptables-nft -A INPUT -j DOCKER-USER");
	const auto port = [](int i) { return static_cast<uint16_t>(7100 + i); };
	const auto rule = [&](int i) { return " DOCKER-USER -p udp --dport " + std::to_string(port(i)) + " -j DROP"; };
	expect_texts(
	        port,
	        [&](int i) {
		        if (i > 0) shell("iptables-nft -D" + rule(i - 1));
		        shell("iptables-nft -I" + rule(i));
	        },
	        [&](int i) { return "udp dport " + std::to_string(port(i)) + " "; });
}

} // namespace
} // namespace nft_drops::guest
