// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/match/words.h"

#include <gtest/gtest.h>

using namespace nft_drops;

namespace {

TEST(MatchWords, OneRulesWordsPass) {
	for (const char *words :
	     {"tcp dport 22", "@th,16,16 22", "iifname \"a;b#c$d@e\"", "ip saddr { 10.0.0.0/8, 1.2.3.4 }",
	      "\tmeta mark 0x1 ", "@ll,0,8 1 @nh,8,8 2 @ih,0,8 3"})
		EXPECT_FALSE(scan(words)) << words << ": " << scan(words)->why;
}

TEST(MatchWords, WhatCouldBeMoreThanAMatchIsRefusedAtItsPlace) {
	const struct {
		const char *words;
		size_t at, length;
	} cases[] = {{"tcp dport 22; drop", 12, 1},
	             {"tcp dport 22\nadd table x", 12, 1},
	             {"iifname \"a\nb\"", 10, 1},
	             {"ip saddr @blocked", 9, 8},
	             {"ip saddr @thieves drop", 9, 8},
	             {"tcp dport 22 # no", 13, 1},
	             {"tcp dport $port", 10, 1},
	             {"tcp \\", 4, 1},
	             {"iifname \"a", 8, 1},
	             {"tcp dport 22\r", 12, 1}};
	for (const auto &c : cases) {
		const auto refusal = scan(c.words);
		ASSERT_TRUE(refusal) << c.words;
		EXPECT_EQ(refusal->at, c.at) << c.words;
		EXPECT_EQ(refusal->length, c.length) << c.words;
		EXPECT_FALSE(refusal->why.empty());
	}
	EXPECT_TRUE(scan(""));
	EXPECT_TRUE(scan("  \t"));
	EXPECT_TRUE(scan(std::string_view("tcp\0dport", 9)));
	std::string many;
	for (int i = 0; i < 100000; i++)
		many += "tcp ";
	EXPECT_TRUE(scan(many));
}

TEST(MatchWords, ARefusedWordIsMarkedAsNftMarks) {
	const auto refusal = refuse_word("iifname \"limit\" limits limit rate 1/second", "limit", "limit: no");
	EXPECT_EQ(in_nfts_form("iifname \"limit\" limits limit rate 1/second", refusal),
	          "Error: limit: no\n"
	          "iifname \"limit\" limits limit rate 1/second\n"
	          "                       ^^^^^\n");
	EXPECT_EQ(in_nfts_form("tcp dport 22", refuse_word("tcp dport 22", "limit", "limit: no")),
	          "Error: limit: no\n");
}

TEST(MatchWords, NftsMessageIsAboutTheUsersWords) {
	EXPECT_EQ(without_prefix("Error: syntax error, unexpected string\n"
	                         "add rule inet m c tcp dprot 22\n"
	                         "                      ^^^^^\n",
	                         "add rule inet m c "),
	          "Error: syntax error, unexpected string\n"
	          "tcp dprot 22\n"
	          "    ^^^^^\n");
	// Marks that begin in front of the words.
	EXPECT_EQ(without_prefix("Error: no\nadd rule inet m c tcp\n^^^^^^^^^^^^^^^^^^^^^\n", "add rule inet m c "),
	          "Error: no\ntcp\n^^^\n");
}

} // namespace
