// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/match/translate.h"

#include <gtest/gtest.h>
#include <linux/netfilter/nf_tables.h>

using namespace nft_drops;

namespace {

TEST(SetRanges, SingleKeys) {
	AnonymousSet set{.key_length = 2, .elements = {{{0, 22}, {}, false}, {{1, 187}, {}, false}}};
	const auto ranges = ranges_of(set);
	ASSERT_TRUE(ranges);
	ASSERT_EQ(ranges->size(), 2U);
	EXPECT_EQ((*ranges)[1][0].lower, (jit::MatchBytes{1, 187}));
	EXPECT_EQ((*ranges)[1][0].upper, (jit::MatchBytes{1, 187}));
}

// In the order in which the kernel lists them: highest first.
TEST(SetRanges, IntervalsArePairs) {
	AnonymousSet set{.flags = NFT_SET_INTERVAL,
	                 .key_length = 2,
	                 .elements = {{{255, 0}, {}, false},
	                              {{2, 0}, {}, true},
	                              {{1, 0}, {}, true},
	                              {{1, 0}, {}, false},
	                              {{0, 10}, {}, false},
	                              {{0, 0}, {}, true}}};
	const auto ranges = ranges_of(set);
	ASSERT_TRUE(ranges);
	ASSERT_EQ(ranges->size(), 3U);
	EXPECT_EQ((*ranges)[0][0].lower, (jit::MatchBytes{0, 10}));
	EXPECT_EQ((*ranges)[0][0].upper, (jit::MatchBytes{0, 255}));
	EXPECT_EQ((*ranges)[1][0].lower, (jit::MatchBytes{1, 0}));
	EXPECT_EQ((*ranges)[1][0].upper, (jit::MatchBytes{1, 255}));
	EXPECT_EQ((*ranges)[2][0].lower, (jit::MatchBytes{255, 0}));
	EXPECT_EQ((*ranges)[2][0].upper, (jit::MatchBytes{255, 255}));
}

TEST(SetRanges, FieldsOfAConcatenationBeginAtRegisters) {
	AnonymousSet set{.flags = NFT_SET_INTERVAL | NFT_SET_CONCAT,
	                 .key_length = 8,
	                 .field_lengths = {1, 2},
	                 .elements = {{{6, 0, 0, 0, 0, 22, 0, 0}, {17, 0, 0, 0, 0, 25, 0, 0}, false}}};
	const auto ranges = ranges_of(set);
	ASSERT_TRUE(ranges);
	ASSERT_EQ((*ranges)[0].size(), 2U);
	EXPECT_EQ((*ranges)[0][0].upper, (jit::MatchBytes{17}));
	EXPECT_EQ((*ranges)[0][1].lower, (jit::MatchBytes{0, 22}));
	EXPECT_EQ((*ranges)[0][1].upper, (jit::MatchBytes{0, 25}));
}

TEST(SetRanges, WhatIsNotUnderstoodIsRefused) {
	EXPECT_FALSE(ranges_of({.key_length = 4, .elements = {{{1, 2}, {}, false}}}));
	EXPECT_FALSE(ranges_of({.flags = NFT_SET_INTERVAL | NFT_SET_CONCAT,
	                        .key_length = 4,
	                        .field_lengths = {4, 4},
	                        .elements = {{{1, 2, 3, 4}, {}, false}}}));
	EXPECT_FALSE(
	        ranges_of({.key_length = 1, .elements = std::vector<AnonymousSet::Element>(2000, {{1}, {}, false})}));
}

} // namespace
