// SPDX-License-Identifier: GPL-2.0-only
// The command lines of record and why.
#include "typed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace nft_drops::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(HistoryCommands, Why) {
	auto line = typed({"why"});
	ASSERT_TRUE(line);
	EXPECT_EQ(line->command, Command::kWhy);
	EXPECT_EQ(line->why.since, "10m");
	EXPECT_EQ(line->why.database, "/var/lib/nft-drops/drops.db");
	line = typed({"--sort", "packets", "why", "rule", "inet", "filter", "input", "handle", "7", "--since", "2h",
	              "--until", "14:05", "--limit", "20", "-j", "--database", "x.db"});
	ASSERT_TRUE(line);
	EXPECT_EQ(line->command, Command::kWhy);
	EXPECT_THAT(line->words, ElementsAre("why", "rule", "inet", "filter", "input", "handle", "7"));
	EXPECT_EQ(line->why.sort, "packets");
	EXPECT_EQ(line->why.since, "2h");
	EXPECT_EQ(line->why.until, "14:05");
	EXPECT_EQ(line->why.limit, 20U);
	EXPECT_EQ(line->why.database, "x.db");
	EXPECT_EQ(line->monitor.format, Format::kJson);
}

TEST(HistoryCommands, ListsOwnSortTakesNoArgument) {
	const auto line = typed({"--sort", "list", "ruleset", "--with-drop-counts"});
	ASSERT_TRUE(line);
	EXPECT_EQ(line->command, Command::kList);
	EXPECT_TRUE(line->list.sorted);
}

TEST(HistoryCommands, Record) {
	const auto line =
	        typed({"record", "--keep", "12h", "--max-size", "64M", "--netns", "blue", "--database", "x.db"});
	ASSERT_TRUE(line);
	EXPECT_EQ(line->command, Command::kRecord);
	EXPECT_EQ(line->record.keep, std::chrono::hours(12));
	EXPECT_EQ(line->record.max_size, 64 << 20);
	EXPECT_EQ(line->record.netns, "blue");
	EXPECT_EQ(line->record.database, "x.db");
}

TEST(HistoryCommands, MistakesAreNamed) {
	EXPECT_THAT(error_of({"why", "--sort", "name"}), HasSubstr("--sort name: "));
	EXPECT_THAT(error_of({"why", "--limit", "0"}), HasSubstr("--limit 0: not a number of flows"));
	EXPECT_THAT(error_of({"record", "--max-size", "1M"}), HasSubstr("--max-size 1M: not a size"));
	EXPECT_THAT(error_of({"record", "--max-size", "9999999999G"}), HasSubstr("not a size"));
	EXPECT_THAT(error_of({"record", "--keep", "5s"}), HasSubstr("--keep 5s: "));
	EXPECT_THAT(error_of({"record", "--since", "5m"}), HasSubstr("not an option of this command"));
}

TEST(HistoryCommands, WhyTakesAMatch) {
	for (const auto &[words, match] : std::initializer_list<std::pair<std::vector<std::string>, const char *>>{
	             {{"why", "tcp", "dport", "22"}, "tcp dport 22"},
	             {{"why", "ip saddr 10.0.0.1", "--since", "2h"}, "ip saddr 10.0.0.1"},
	             {{"why", "@th,16,16", "22"}, "@th,16,16 22"},
	             {{"why", "chain", "inet", "t", "c", "udp", "dport", "53"}, "chain inet t c udp dport 53"}}) {
		const auto line = typed(words);
		ASSERT_TRUE(line) << match;
		EXPECT_EQ(line->command, Command::kWhy) << match;
		EXPECT_EQ(line->monitor.match, match);
	}
}

// A table or chain with the name of a command keeps working.
TEST(HistoryCommands, NftsOwnStaysNfts) {
	for (const auto &words : {std::vector<std::string>{"why", "input", "drop"},
	                          {"record", "input", "drop"},
	                          {"list", "table", "why"},
	                          {"add", "table", "record"}}) {
		const auto line = typed(words);
		ASSERT_TRUE(line);
		EXPECT_EQ(line->command, Command::kPassThrough);
	}
}

} // namespace
} // namespace nft_drops::cli
