// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/match/selector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/netfilter.h>

namespace nft_drops {
namespace {

using testing::HasSubstr;

TEST(Selector, EveryKind) {
	const auto table = read_selector("table inet filter");
	ASSERT_TRUE(table);
	EXPECT_EQ(table->selector.kind, ND_SELECT_TABLE);
	EXPECT_EQ(table->selector.family, NFPROTO_INET);
	EXPECT_EQ(table->selector.table, "filter");
	EXPECT_EQ(table->match, "");

	const auto chain = read_selector("chain ip6 nat POSTROUTING tcp dport { 22, 80 }");
	ASSERT_TRUE(chain);
	EXPECT_EQ(chain->selector.kind, ND_SELECT_CHAIN);
	EXPECT_EQ(chain->selector.family, NFPROTO_IPV6);
	EXPECT_EQ(chain->selector.chain, "POSTROUTING");
	EXPECT_EQ(chain->match, "tcp dport { 22, 80 }");

	const auto rule = read_selector("  rule netdev t  in handle 18446744073709551615 iifname \"a  b\"");
	ASSERT_TRUE(rule);
	EXPECT_EQ(rule->selector.kind, ND_SELECT_RULE);
	EXPECT_EQ(rule->selector.handle, ~0ULL);
	EXPECT_EQ(rule->match, "iifname \"a  b\"");
	EXPECT_EQ(words_of(rule->selector), "rule netdev t in handle 18446744073709551615");
}

TEST(Selector, WhatIsNoSelectorIsAMatch) {
	for (const char *words : {"tcp dport 22", "", "tables", "ip saddr 10.0.0.1 rule"}) {
		const auto read = read_selector(words);
		ASSERT_TRUE(read) << words;
		EXPECT_EQ(read->selector.kind, ND_SELECT_ALL) << words;
		EXPECT_EQ(read->match, words);
	}
}

TEST(Selector, NamesWhatIsWrong) {
	const struct {
		std::string words, says;
	} bad[] = {{"table", "table: the family is missing"},
	           {"table filter", "table filter: not a family"},
	           {"table inet", "table inet: the name of the table is missing"},
	           {"chain inet filter", "chain inet filter: the name of the chain is missing"},
	           {"rule inet filter input", "rule inet filter input: handle N is missing"},
	           {"rule inet filter input 7", "rule inet filter input 7: handle N was expected"},
	           {"rule inet filter input handle", "rule inet filter input handle: not a handle"},
	           {"rule inet filter input handle x", "rule inet filter input handle x: not a handle"},
	           {"rule inet filter input handle 7x", "not a handle"},
	           {"rule inet filter input handle 0", "not a handle"},
	           {"rule inet filter input handle -1", "not a handle"},
	           {"rule inet filter input handle 18446744073709551616", "not a handle"},
	           {"table inet " + std::string(256, 'x'), "the name of the table has 256 bytes"}};
	for (const auto &[words, says] : bad) {
		const auto read = read_selector(words);
		ASSERT_FALSE(read) << words;
		EXPECT_THAT(read.error().message(), HasSubstr(says));
		EXPECT_EQ(read.error().message().find('\n'), std::string::npos);
	}
}

} // namespace
} // namespace nft_drops
