// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/index/history.h"

#include <gtest/gtest.h>

namespace nft_drops {
namespace {

using State = Version::State;

TEST(History, HoldsFromItsFirstGenerationOn) {
	History history({10, 100, 100});
	EXPECT_TRUE(history.unread());
	EXPECT_EQ(history.at(9, 0), nullptr);
	ASSERT_NE(history.at(10, 0), nullptr);
	EXPECT_EQ(history.at(10, 0)->state, State::kUnread);
	history.read("drop", 150, false);
	EXPECT_FALSE(history.unread());
	EXPECT_EQ(history.at(11, 0)->text, "drop");
}

TEST(History, ReplacedTextIsThereForOlderGenerations) {
	History history({10, 100, 100});
	history.read("old", 150, false);
	history.changed({20, 200, 210});
	EXPECT_EQ(history.at(19, 0)->text, "old");
	EXPECT_EQ(history.at(20, 0)->state, State::kUnread);
	history.read("new", 220, false);
	EXPECT_EQ(history.at(20, 0)->text, "new");
	EXPECT_EQ(history.at(19, 0)->text, "old");
	EXPECT_EQ(history.before(history.at(20, 0))->text, "old");
	EXPECT_EQ(history.before(history.at(19, 0)), nullptr);
}

TEST(History, WhatNobodyReadInTimeIsLost) {
	History history({10, 100, 100});
	history.changed({20, 200, 210});
	history.changed({21, 211, 212});
	history.read("new", 220, false);
	EXPECT_EQ(history.at(15, 0)->state, State::kLost);
	EXPECT_EQ(history.at(20, 0)->state, State::kLost);
	EXPECT_EQ(history.at(21, 0)->text, "new");
	EXPECT_EQ(history.changes(), 2U);
}

TEST(History, TwoChangesInOneCommitAreOne) {
	History history({10, 100, 100});
	history.read("old", 150, false);
	history.changed({20, 200, 210});
	history.ended();
	history.changed({20, 200, 210});
	EXPECT_TRUE(history.unread());
	EXPECT_EQ(history.at(19, 0)->text, "old");
}

TEST(History, WithoutAGenerationTheTimeDecidesUnlessItIsTooClose) {
	History history({10, 100, 100});
	history.read("old", 150, false);
	history.changed({20, 200, 210});
	history.read("new", 220, false);
	EXPECT_EQ(history.at(0, 199)->text, "old");
	EXPECT_EQ(history.at(0, 200), nullptr);
	EXPECT_EQ(history.at(0, 209), nullptr);
	EXPECT_EQ(history.at(0, 210)->text, "new");
	EXPECT_EQ(history.at(0, 99), nullptr);
}

TEST(History, AnEndedVersionThatWasReadStays) {
	History history({10, 100, 100});
	history.read("old", 150, false);
	history.ended();
	EXPECT_EQ(history.at(12, 0)->text, "old");
	History unread({10, 100, 100});
	unread.ended();
	EXPECT_EQ(unread.at(12, 0)->state, State::kLost);
}

TEST(History, ForgetsTheOldest) {
	History history({1, 0, 0});
	history.read("1", 1, false);
	for (uint32_t generation = 2; generation <= History::kKeep + 1; generation++) {
		history.changed({generation, 0, 0});
		history.read(std::to_string(generation), 1, false);
	}
	EXPECT_EQ(history.at(1, 0), nullptr);
	EXPECT_EQ(history.at(2, 0)->text, "2");
}

TEST(History, GenerationsWrapAround) {
	History history({0xfffffff0, 0, 0});
	history.read("old", 1, false);
	history.changed({5, 0, 0});
	history.read("new", 2, false);
	EXPECT_EQ(history.at(0xfffffffe, 0)->text, "old");
	EXPECT_EQ(history.at(6, 0)->text, "new");
}

} // namespace
} // namespace nft_drops
