// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/index/index.h"

#include <gtest/gtest.h>
#include <linux/netfilter.h>

namespace nft_drops {
namespace {

using Kind = Change::Kind;

Change table(Kind kind, const char *name, uint64_t handle) {
	Change change;
	change.kind = kind;
	change.family = NFPROTO_INET;
	change.table = name;
	change.handle = handle;
	return change;
}

Change chain(Kind kind, const char *table_name, const char *name, uint64_t handle, bool base = false) {
	Change change = table(kind, table_name, handle);
	change.chain = name;
	change.base = base;
	return change;
}

Change rule(Kind kind, const char *table_name, const char *chain_name, uint64_t handle) {
	return chain(kind, table_name, chain_name, handle);
}

constexpr ChangeTime at(uint32_t generation) {
	return {generation, generation * 100ULL, generation * 100ULL + 10};
}

// Table 1 with base chain 1 and its rule 2.
Index small(bool with_rules = true) {
	Index index;
	index.begin_dump(at(5), nullptr, with_rules);
	index.add(table(Kind::kNewTable, "t", 1));
	index.add(chain(Kind::kNewChain, "t", "c", 1, true));
	if (with_rules) index.add(rule(Kind::kNewRule, "t", "c", 2));
	index.end_dump();
	if (with_rules) index.table(1)->rule(2)->text.read("old", 550, false);
	return index;
}

TEST(Index, ADumpIsInForceFromItsGenerationOn) {
	Index index = small();
	Rule *found = index.table(1)->rule(2);
	ASSERT_NE(found, nullptr);
	EXPECT_EQ(found->chain, 1U);
	EXPECT_EQ(found->text.at(5, 0)->text, "old");
	EXPECT_EQ(found->text.at(4, 0), nullptr);
	EXPECT_EQ(index.rule_count(), 1U);
	EXPECT_EQ(index.table(1)->rule(3), nullptr);
	EXPECT_EQ(index.table(2), nullptr);
}

TEST(Index, AnAddedRuleIsToBeRead) {
	Index index = small();
	const auto unread = index.apply({rule(Kind::kNewRule, "t", "c", 3)}, at(6));
	ASSERT_EQ(unread.size(), 1U);
	EXPECT_EQ(unread[0].table, 1U);
	EXPECT_EQ(unread[0].rule, 3U);
	EXPECT_EQ(index.rule_count(), 2U);
	EXPECT_EQ(index.table(1)->rule(3)->text.at(5, 0), nullptr);
}

// nf_tables tells of `nft replace rule` as a deletion and an addition with one handle.
TEST(Index, AReplacedRuleIsAliveInEitherOrder) {
	for (const bool deletion_first : {true, false}) {
		Index index = small();
		const Change gone = rule(Kind::kDelRule, "t", "c", 2);
		const Change fresh = rule(Kind::kNewRule, "t", "c", 2);
		const auto unread =
		        deletion_first ? index.apply({gone, fresh}, at(6)) : index.apply({fresh, gone}, at(6));
		ASSERT_EQ(unread.size(), 1U);
		Rule *found = index.table(1)->rule(2);
		EXPECT_TRUE(found->alive);
		EXPECT_TRUE(found->text.unread());
		EXPECT_EQ(found->text.at(5, 0)->text, "old");
		EXPECT_EQ(index.rule_count(), 1U);
	}
}

TEST(Index, ADeletedRuleIsRemembered) {
	Index index = small();
	EXPECT_TRUE(index.apply({rule(Kind::kDelRule, "t", "c", 2)}, at(6)).empty());
	EXPECT_FALSE(index.table(1)->rule(2)->alive);
	EXPECT_EQ(index.table(1)->rule(2)->text.at(5, 0)->text, "old");
	EXPECT_EQ(index.rule_count(), 0U);
}

TEST(Index, ATableAddedAgainIsAnotherOne) {
	Index index = small();
	index.apply({rule(Kind::kDelRule, "t", "c", 2), chain(Kind::kDelChain, "t", "c", 1),
	             table(Kind::kDelTable, "t", 1), table(Kind::kNewTable, "t", 2),
	             chain(Kind::kNewChain, "t", "c", 1, true), rule(Kind::kNewRule, "t", "c", 2)},
	            at(6));
	EXPECT_FALSE(index.table(1)->alive);
	EXPECT_EQ(index.table(1)->rule(2)->text.at(5, 0)->text, "old");
	ASSERT_NE(index.table(2), nullptr);
	EXPECT_TRUE(index.table(2)->rule(2)->alive);
	EXPECT_TRUE(index.table(2)->rule(2)->text.unread());
}

TEST(Index, ADeletedTableTakesItsRulesAlong) {
	Index index = small();
	index.apply({table(Kind::kDelTable, "t", 1)}, at(6));
	EXPECT_FALSE(index.table(1)->rule(2)->alive);
	EXPECT_FALSE(index.table(1)->chain(1)->alive);
	EXPECT_EQ(index.rule_count(), 0U);
}

TEST(Index, ARenamedChainChangesTheTextsOfJumps) {
	Index index = small();
	index.apply({chain(Kind::kNewChain, "t", "d", 1, true)}, at(6));
	EXPECT_EQ(index.table(1)->chain(1)->name_at(5), "c");
	EXPECT_EQ(index.table(1)->chain(1)->name_at(6), "d");
	EXPECT_EQ(index.table(1)->chain(1)->name_at(0), "d");
	EXPECT_TRUE(index.table(1)->rule(2)->text.unread());
	EXPECT_EQ(index.table(1)->rule(2)->text.at(5, 0)->text, "old");
	EXPECT_EQ(index.apply({rule(Kind::kNewRule, "t", "d", 9)}, at(7)).at(0).chain, 1U);
}

TEST(Index, ImplicitChainsKnowWhoseTheyAre) {
	Index index = small();
	Change implicit = chain(Kind::kNewChain, "t", "__chain0", 3);
	implicit.binding = true;
	Change outer = rule(Kind::kNewRule, "t", "c", 5);
	outer.implicit = "__chain0";
	Change impostor = rule(Kind::kNewRule, "t", "c", 6);
	impostor.implicit = "__chain1"; // named so by somebody, no implicit chain
	index.apply({implicit, chain(Kind::kNewChain, "t", "__chain1", 7), rule(Kind::kNewRule, "t", "__chain0", 4),
	             outer, impostor},
	            at(6));
	EXPECT_EQ(index.table(1)->chain(3)->bound_by, 5U);
	EXPECT_EQ(index.table(1)->rule(5)->implicit, 3U);
	EXPECT_EQ(index.table(1)->rule(6)->implicit, 0U);
}

TEST(Index, AfterLostEventsOldTextsHoldOnlyUpToTheLoss) {
	Index index = small();
	const ChangeTime lost = at(6);
	index.begin_dump(at(9), &lost, true);
	index.add(table(Kind::kNewTable, "t", 1));
	index.add(chain(Kind::kNewChain, "t", "c", 1, true));
	index.add(rule(Kind::kNewRule, "t", "c", 2));
	index.add(rule(Kind::kNewRule, "t", "c", 8));
	index.end_dump();
	History &text = index.table(1)->rule(2)->text;
	EXPECT_EQ(text.at(5, 0)->text, "old");
	EXPECT_EQ(text.at(8, 0)->state, Version::State::kLost);
	EXPECT_EQ(text.at(9, 0)->state, Version::State::kUnread);
	EXPECT_EQ(index.table(1)->rule(8)->text.at(8, 0), nullptr);
	index.begin_dump(at(12), &lost, true);
	index.end_dump();
	EXPECT_FALSE(index.table(1)->alive);
	EXPECT_EQ(index.rule_count(), 0U);
}

TEST(Index, WithoutAListingOfRulesTheyHoldSinceTheDump) {
	Index index = small(false);
	index.found(rule(Kind::kNewRule, "t", "c", 2), at(8));
	EXPECT_NE(index.table(1)->rule(2)->text.at(5, 0), nullptr);
	// With one, a rule that was not in it came later.
	Index listed = small(true);
	listed.found(rule(Kind::kNewRule, "t", "c", 3), at(8));
	EXPECT_EQ(listed.table(1)->rule(3)->text.at(7, 0), nullptr);
	// What an event told of is not overruled.
	index.apply({rule(Kind::kNewRule, "t", "c", 4)}, at(9));
	index.found(rule(Kind::kNewRule, "t", "c", 4), at(9));
	EXPECT_EQ(index.table(1)->rule(4)->text.at(8, 0), nullptr);
}

TEST(Index, ADeletedRuleThatNobodyKnewHasAChainButNoText) {
	Index index = small(false);
	index.apply({rule(Kind::kDelRule, "t", "c", 2)}, at(6));
	Rule *found = index.table(1)->rule(2);
	ASSERT_NE(found, nullptr);
	EXPECT_EQ(found->chain, 1U);
	EXPECT_EQ(found->text.at(5, 0)->state, Version::State::kLost);
}

TEST(Index, DeletedRulesAreKeptUpToABound) {
	Index index = small();
	for (uint64_t handle = 10; handle < 10 + Index::kKeepDeleted + 5; handle++) {
		index.apply({rule(Kind::kNewRule, "t", "c", handle)}, at(6));
		index.apply({rule(Kind::kDelRule, "t", "c", handle)}, at(7));
	}
	EXPECT_EQ(index.table(1)->rule(10), nullptr);
	EXPECT_EQ(index.table(1)->rule(14), nullptr);
	EXPECT_NE(index.table(1)->rule(15), nullptr);
	EXPECT_NE(index.table(1)->rule(2), nullptr) << "it is alive";
	EXPECT_EQ(index.table(1)->rules.size(), Index::kKeepDeleted + 1);
}

} // namespace
} // namespace nft_drops
