// SPDX-License-Identifier: GPL-2.0-only
// nft's options -n, -S, -y, -p, -u and -t change the words of rules and packets as they change nft's, and colours are
// there where they were asked for. The truth comes from nft's own listing with the same options.
#include "demo_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <set>
#include <tuple>

namespace nft_drops::guest {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr const char *kRuleset = R"(table inet filter {
	chain input {
		type filter hook input priority filter; policy drop;
		iifname "lo" accept
		tcp dport 22 tcp flags syn drop
		ip protocol udp udp dport { 53, 67 } drop
	}
	chain output {
		type filter hook output priority filter; policy accept;
		udp dport 9 meta skuid 0 drop
	}
})";

class NftsWords : public DemoTest {
protected:
	void SetUp() override {
		DemoTest::SetUp();
		if (!HasFatalFailure()) load(kRuleset);
	}
	// A drop by each rule and by the policy.
	std::vector<std::string> watch(const std::vector<std::string> &options) const {
		Monitor monitor(options);
		EXPECT_TRUE(net_->syn(7, 40000, 22));
		EXPECT_TRUE(net_->datagram(7, 40000, 53));
		EXPECT_TRUE(net_->syn(7, 40000, 443));
		std::ignore = cli::DemoNetwork::over_loopback(9); // send(2) tells the sender of the drop
		EXPECT_TRUE(monitor.wait_for_lines(4, "length")) << monitor.out();
		return lines_of(monitor.finish(SIGINT).out);
	}
};

TEST_F(NftsWords, RulesAreAsNftListsThem) {
	for (const std::string letters : {"n", "S", "y", "p", "u", "t", "nSu"}) {
		std::set<std::string> nfts;
		for (const std::string &line : lines_of(shell("nft -a -" + letters + " list ruleset")))
			nfts.insert(line);
		size_t rules = 0;
		for (const std::string &line : watch({"-" + letters})) {
			if (line.find("# ") == line.find_first_not_of('\t') || line.empty()) continue;
			EXPECT_TRUE(nfts.contains(line)) << letters << ": " << line;
			rules += line.starts_with("\t\t");
		}
		EXPECT_EQ(rules, 4U) << letters;
	}
}

TEST_F(NftsWords, PacketsHaveTheSameWords) {
	const std::string flags = shell("nft -n list ruleset | grep -o 'tcp flags [^ ]*'");
	const std::string port = shell("nft -S list ruleset | grep -o 'tcp dport [^ ]*'");
	const auto word = [](const std::string &line) { return " " + line.substr(0, line.find('\n')) + " "; };
	EXPECT_THAT(watch({"-n"}), Contains(HasSubstr(word(flags))));
	EXPECT_THAT(watch({"-S"}), Contains(HasSubstr(word(port) + "tcp flags syn ")));
}

TEST_F(NftsWords, ColoursWhereTheyAreWanted) {
	const auto coloured = Contains(HasSubstr("\033["));
	EXPECT_THAT(watch({}), Not(coloured)) << "a pipe is no terminal";
	EXPECT_THAT(watch({"--color", "always"}), coloured);
	EXPECT_THAT(watch({"--color", "always", "--format", "line"}), coloured);
	EXPECT_THAT(watch({"--color", "always", "-j"}), Not(coloured));
}

} // namespace
} // namespace nft_drops::guest
