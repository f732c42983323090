// SPDX-License-Identifier: GPL-2.0-only
// The command lines of top.
#include "typed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace nft_drops::cli {
namespace {

using testing::HasSubstr;

TEST(TopCommand, SelectorAndMatch) {
	auto line = typed({"top"});
	ASSERT_TRUE(line);
	EXPECT_EQ(line->command, Command::kTop);
	EXPECT_FALSE(line->monitor.match);
	EXPECT_FALSE(line->top.batch);
	line = typed({"top", "chain", "inet", "t", "c", "udp", "dport", "53", "--netns", "blue"});
	ASSERT_TRUE(line);
	EXPECT_EQ(line->command, Command::kTop);
	EXPECT_EQ(line->monitor.match, "chain inet t c udp dport 53");
	EXPECT_EQ(line->monitor.netns, "blue");
}

TEST(TopCommand, Options) {
	const auto line = typed({"--batch", "top", "--count", "3", "--color", "never", "--all-netns"});
	ASSERT_TRUE(line);
	EXPECT_TRUE(line->top.batch);
	EXPECT_EQ(line->top.frames, 3U);
	EXPECT_EQ(line->monitor.colour, Colour::kNever);
	EXPECT_TRUE(line->monitor.all_netns);
	EXPECT_FALSE(line->monitor.count);
}

TEST(TopCommand, MistakesAreNamed) {
	EXPECT_THAT(error_of({"top", "--count", "3"}), HasSubstr("--count: frames are counted only for a pipe"));
	EXPECT_THAT(error_of({"top", "--batch", "--count", "0"}), HasSubstr("--count 0: not a number of frames"));
	EXPECT_THAT(error_of({"top", "--color", "red"}), HasSubstr("--color red: no such choice"));
	EXPECT_THAT(error_of({"top", "--netns", "a", "--all-netns"}), HasSubstr("--netns a: "));
	EXPECT_THAT(error_of({"top", "--since", "5m"}), HasSubstr("not an option of this command"));
}

// A table or chain with the name of the command keeps working.
TEST(TopCommand, NftsOwnStaysNfts) {
	for (const auto &words : {std::vector<std::string>{"top", "input", "drop"},
	                          {"top", "input", "tcp", "dport", "22", "drop"},
	                          {"list", "table", "top"},
	                          {"add", "table", "top"}}) {
		const auto line = typed(words);
		ASSERT_TRUE(line);
		EXPECT_EQ(line->command, Command::kPassThrough);
	}
}

} // namespace
} // namespace nft_drops::cli
