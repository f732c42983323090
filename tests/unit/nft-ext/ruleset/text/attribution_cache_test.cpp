// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/text/attribution_cache.h"

#include <gtest/gtest.h>

#include <string>

namespace nft_drops {
namespace {

nd_event drop() {
	nd_event event{};
	event.time_ns = 500;
	event.rule_handle = 7;
	event.table_handle = 2;
	event.chain_handle = 3;
	event.netns = 4026531840;
	event.generation = 9;
	event.cause = ND_CAUSE_RULE;
	return event;
}

Attribution attribution(const std::string &text, uint64_t from_ns, uint64_t until_ns) {
	Attribution made;
	made.text = text;
	made.known = true;
	made.from_ns = from_ns;
	made.until_ns = until_ns;
	return made;
}

TEST(AttributionCache, HoldFromOneTimeToTheOther) {
	AttributionCache cache;
	nd_event event = drop();
	EXPECT_EQ(cache.find(event), nullptr);
	EXPECT_EQ(cache.keep(event, attribution("drop", 400, 600))->text, "drop");
	for (const uint64_t inside : {400, 500, 600}) {
		event.time_ns = inside;
		ASSERT_NE(cache.find(event), nullptr) << inside;
		EXPECT_EQ(cache.find(event)->text, "drop");
	}
	for (const uint64_t outside : {0, 399, 601}) {
		event.time_ns = outside;
		EXPECT_EQ(cache.find(event), nullptr) << outside;
	}
}

TEST(AttributionCache, AreOnlyForWhatTheyWereGivenFor) {
	AttributionCache cache;
	cache.keep(drop(), attribution("drop", 0, UINT64_MAX));
	const auto differs = [&](auto change) {
		nd_event event = drop();
		change(event);
		return cache.find(event) == nullptr;
	};
	EXPECT_FALSE(differs([](nd_event &e) { e.l3_len = 1; }));
	EXPECT_TRUE(differs([](nd_event &e) { e.rule_handle++; }));
	EXPECT_TRUE(differs([](nd_event &e) { e.table_handle++; }));
	EXPECT_TRUE(differs([](nd_event &e) { e.chain_handle++; }));
	EXPECT_TRUE(differs([](nd_event &e) { e.netns++; }));
	EXPECT_TRUE(differs([](nd_event &e) { e.generation++; }));
	EXPECT_TRUE(differs([](nd_event &e) { e.cause = ND_CAUSE_JUMP_LIMIT; }));
}

TEST(AttributionCache, ThatSayNothingAboutOthersAreGivenOnce) {
	AttributionCache cache;
	EXPECT_EQ(cache.keep(drop(), Attribution{})->text, "");
	EXPECT_EQ(cache.find(drop()), nullptr);
}

TEST(AttributionCache, TheLatestOneCounts) {
	AttributionCache cache;
	cache.keep(drop(), attribution("old", 0, 100));
	EXPECT_EQ(cache.keep(drop(), attribution("new", 0, UINT64_MAX))->text, "new");
	ASSERT_NE(cache.find(drop()), nullptr);
	EXPECT_EQ(cache.find(drop())->text, "new");
}

TEST(AttributionCache, AreBounded) {
	AttributionCache cache;
	nd_event event = drop();
	const std::string text(1 << 20, 'x');
	for (size_t i = 0; i <= AttributionCache::kMostBytes / text.size() + 1; i++) {
		event.rule_handle = i;
		cache.keep(event, attribution(text, 0, UINT64_MAX));
		ASSERT_NE(cache.find(event), nullptr);
	}
	event.rule_handle = 0;
	EXPECT_EQ(cache.find(event), nullptr);
}

} // namespace
} // namespace nft_drops
