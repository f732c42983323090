// SPDX-License-Identifier: GPL-2.0-only
// nft with the patches of patches/, where NFT_PATCHED names one, beside nft-drops.
#include "demo_fixture.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

namespace nft_drops::guest {
namespace {

class PatchedNft : public DemoTest {
protected:
	void SetUp() override {
		const char *path = std::getenv("NFT_PATCHED");
		ASSERT_TRUE(path) << "NFT_PATCHED names no patched nft";
		nft_ = path;
		DemoTest::SetUp();
		if (HasFatalFailure()) return;
		// A table named drops, a rule in braces, another family.
		load("table inet drops {\n"
		     "chain drops {\n type filter hook input priority 0; policy drop;\n"
		     "iifname lo accept\n tcp dport 10000 drop comment \"no\"\n"
		     "ip protocol udp jump {\n udp dport 5353 drop\n}\n}\n}\n"
		     "table netdev guard { chain ingress { type filter hook ingress device wan0 priority 0;\n"
		     "tcp dport 7 drop\n }\n}");
	}

	void drop_five() {
		ASSERT_TRUE(net_->syn(7, 1000, 10000));
		ASSERT_TRUE(net_->syn(7, 1001, 10000));
		ASSERT_TRUE(net_->datagram(7, 1002, 5353));
		ASSERT_TRUE(net_->syn(7, 1003, 22));
		ASSERT_TRUE(net_->syn(7, 1004, 7));
	}

	std::string nft_;
};

std::string without_first_line(const std::string &text) {
	return text.substr(text.find('\n') + 1);
}

TEST_F(PatchedNft, ListsWhatNftDropsLists) {
	const Finished off = run({nft_, "list", "ruleset", "drops"});
	EXPECT_EQ(off.status, 1);
	EXPECT_EQ(off.out, "");
	EXPECT_TRUE(off.err.starts_with("Error: drops are not being counted")) << off.err;

	shell(nft_drops() + " count start");
	drop_five();
	const Finished ours = run({nft_drops(), "list", "ruleset", "--with-drop-counts"});
	const Finished theirs = run({nft_, "list", "ruleset", "drops"});
	const Finished family = run({nft_, "list", "ruleset", "netdev", "drops"});
	const std::string plain = shell("nft -a list ruleset");
	shell(nft_drops() + " count stop");
	ASSERT_EQ(theirs.status, 0) << theirs.err;
	EXPECT_EQ(without_first_line(theirs.out), without_first_line(ours.out));
	EXPECT_TRUE(theirs.out.starts_with("# drop counts since ")) << theirs.out;
	for (const char *line : {"tcp dport 10000 drop comment \"no\" # handle", "policy drop; # dropped packets 1 ",
	                         "udp dport 5353 drop # dropped packets 1 ", " # dropped packets 2 "})
		EXPECT_NE(theirs.out.find(line), std::string::npos) << line << "\n" << theirs.out;
	size_t comments = 0;
	for (const std::string &line : lines_of(theirs.out))
		comments += line.find(" # dropped packets ") != std::string::npos;
	EXPECT_EQ(comments, 4U);
	EXPECT_EQ(lines_of(theirs.out).size(), lines_of(plain).size() + 1);
	EXPECT_NE(family.out.find("tcp dport 7 drop # handle 2 # dropped packets 1 "), std::string::npos) << family.out;
	EXPECT_EQ(family.out.find("table inet"), std::string::npos) << family.out;
}

TEST_F(PatchedNft, MonitorsDropsThroughNftDrops) {
	Running monitor({nft_, "-j", "monitor", "drops", "--count", "5"});
	ASSERT_TRUE(monitor.wait_for("nft-drops: monitoring")) << monitor.err();
	drop_five();
	const Finished done = monitor.wait();
	EXPECT_EQ(done.status, 0) << done.err;
	const auto drops = json_lines(done.out);
	EXPECT_EQ(drops.size(), 5U);
	for (const auto &drop : drops)
		EXPECT_EQ(drop.at("packet").at("saddr"), "192.0.2.7");
}

} // namespace
} // namespace nft_drops::guest
