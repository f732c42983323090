// SPDX-License-Identifier: GPL-2.0-only
// `monitor SELECTOR`: drops of one table, chain or rule. What is sent, and to which rule, is written here.
#include "running.h"
#include "topology.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

namespace nft_drops::guest {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr const char *kRuleset = R"(
table inet a {
	chain jumped { counter drop; }
	chain gone { counter drop; }
	chain in {
		type filter hook input priority 0; policy accept;
		udp dport 1 counter drop
		udp dport 2 jump jumped
		udp dport 3 goto gone
	}
}
table ip b {
	chain in { type filter hook input priority 1; policy drop; udp dport 5 accept; udp dport 6 drop; }
}
)";

uint64_t handle_of(const std::string &chain, size_t number) {
	const json listing = json::parse(shell("nft -j list chain " + chain));
	std::vector<uint64_t> handles;
	for (const json &object : listing.at("nftables"))
		if (object.contains("rule")) handles.push_back(object.at("rule").at("handle"));
	EXPECT_LT(number, handles.size()) << chain;
	return number < handles.size() ? handles[number] : 0;
}

class SelectorTest : public testing::Test {
protected:
	SelectorTest() { load(); }
	static void load() { shell("nft -f - <<'END'\n" + std::string(kRuleset) + "END"); }
	// Three packets to each port from 1 to 6. 1 to 3 are dropped in table a, 4 by b's policy, 6 by b's rule.
	void send() {
		for (uint16_t port = 1; port <= 6; port++)
			for (int i = 0; i < 3; i++)
				net_.udp("left", "10.1.0.1", port);
	}
	// Monitors, sends twice, and says how often each destination port was shown.
	std::map<int, size_t> shown(std::vector<std::string> words, size_t expected) {
		words.insert(words.begin(), "-j");
		Monitor monitor(words);
		send();
		send();
		EXPECT_TRUE(monitor.wait_for_lines(expected)) << monitor.out() << monitor.err();
		const Finished end = monitor.finish(SIGINT);
		std::map<int, size_t> by_port;
		for (const json &drop : json_lines(end.out))
			by_port[drop.at("packet").at("dport")]++;
		EXPECT_THAT(end.err, HasSubstr(std::to_string(expected) + " drops ("));
		EXPECT_THAT(end.err, HasSubstr(" of 30, 0 lost"));
		return by_port;
	}
	Topology net_;
};

using Ports = std::map<int, size_t>;

TEST_F(SelectorTest, ATable) {
	EXPECT_EQ(shown({"table inet a"}, 18), (Ports{{1, 6}, {2, 6}, {3, 6}}));
	EXPECT_EQ(shown({"table", "ip", "b"}, 12), (Ports{{4, 6}, {6, 6}}));
	EXPECT_EQ(shown({"drops", "table", "ip", "b", "udp dport 6"}, 6), (Ports{{6, 6}}));
}

TEST_F(SelectorTest, AChain) {
	EXPECT_EQ(shown({"chain", "inet", "a", "in"}, 6), (Ports{{1, 6}}));
	EXPECT_EQ(shown({"chain", "inet", "a", "jumped"}, 6), (Ports{{2, 6}}));
	EXPECT_EQ(shown({"chain", "inet", "a", "gone", "ip saddr 10.1.0.2"}, 6), (Ports{{3, 6}}));
	EXPECT_EQ(shown({"chain", "ip", "b", "in"}, 12), (Ports{{4, 6}, {6, 6}}));
}

TEST_F(SelectorTest, ARule) {
	EXPECT_EQ(shown({"rule inet a in handle " + std::to_string(handle_of("inet a in", 0))}, 6), (Ports{{1, 6}}));
	EXPECT_EQ(shown({"rule inet a jumped handle " + std::to_string(handle_of("inet a jumped", 0))}, 6),
	          (Ports{{2, 6}}));
	EXPECT_EQ(shown({"rule ip b in handle " + std::to_string(handle_of("ip b in", 1))}, 6), (Ports{{6, 6}}));
}

TEST_F(SelectorTest, SaysThatARuleIsGoneAndGoesOn) {
	const std::string rule = "inet a in handle " + std::to_string(handle_of("inet a in", 0));
	Monitor monitor({"-j", "rule " + rule});
	send();
	EXPECT_TRUE(monitor.wait_for_lines(3));
	shell("nft delete rule " + rule);
	EXPECT_TRUE(monitor.wait_for(" is gone\n")) << monitor.err();
	send();
	// The table is loaded anew, and nf_tables gives the same handles again.
	shell("nft flush ruleset");
	load();
	EXPECT_EQ(rule, "inet a in handle " + std::to_string(handle_of("inet a in", 0)));
	send();
	EXPECT_TRUE(monitor.wait_for_lines(6)) << monitor.out();
	shell("nft flush ruleset");
	for (int i = 0; i < 100 && lines_of(monitor.err()).size() < 3; i++)
		usleep(50'000);
	const Finished end = monitor.finish(SIGINT);
	EXPECT_EQ(lines_of(end.out).size(), 6U);
	const std::string gone = "nft-drops: " + rule.substr(rule.find("handle")) + " is gone\n";
	EXPECT_THAT(end.err, HasSubstr(gone));
	EXPECT_NE(end.err.find(gone), end.err.rfind(gone)) << end.err;
}

TEST_F(SelectorTest, NamesAreFollowedThroughRenamesAndReloads) {
	Monitor monitor({"-j", "chain", "inet", "a", "renamed"});
	EXPECT_THAT(monitor.err(), HasSubstr("there is no chain inet a renamed now"));
	send();
	shell("nft rename chain inet a jumped renamed");
	send();
	EXPECT_TRUE(monitor.wait_for_lines(3)) << monitor.out() << monitor.err();
	shell("nft rename chain inet a renamed other; nft rename chain inet a gone renamed");
	send();
	EXPECT_TRUE(monitor.wait_for_lines(6)) << monitor.out();
	shell("nft flush ruleset");
	load();
	send();
	shell("nft rename chain inet a jumped renamed");
	send();
	EXPECT_TRUE(monitor.wait_for_lines(9)) << monitor.out();
	std::vector<int> ports;
	for (const json &drop : json_lines(monitor.finish(SIGINT).out))
		ports.push_back(drop.at("packet").at("dport"));
	EXPECT_EQ(ports, (std::vector<int>{2, 2, 2, 3, 3, 3, 2, 2, 2}));
}

TEST_F(SelectorTest, EndsAfterSoMany) {
	Monitor monitor({"-j", "--count", "4", "chain", "inet", "a", "jumped"});
	send();
	send();
	const Finished end = monitor.wait();
	EXPECT_EQ(end.status, 0);
	EXPECT_EQ(lines_of(end.out).size(), 4U);
}

TEST_F(SelectorTest, ABadOneAttachesNothing) {
	const Leftovers before = leftovers();
	const struct {
		const char *words, *says;
	} bad[] = {{"table a", "table a: not a family"},
	           {"rule inet a in handle 12345", "there is no such rule"},
	           {"rule inet a jumped handle x", "not a handle"},
	           {"rule inet b in handle 1", "there is no such rule"},
	           {"chain inet a in tcp dprot 22", "Error: syntax error"}};
	for (const auto &[words, says] : bad) {
		const Finished end = run({nft_drops(), "monitor", words});
		EXPECT_EQ(end.status, 1) << words;
		EXPECT_EQ(end.out, "") << words;
		EXPECT_THAT(end.err, HasSubstr(says)) << words;
		EXPECT_THAT(end.err, testing::Not(HasSubstr("nft-drops: monitoring"))) << words;
	}
	EXPECT_TRUE(become(before));
}

} // namespace
} // namespace nft_drops::guest
