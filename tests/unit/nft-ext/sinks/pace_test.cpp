// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/sinks/folder.h"
#include "nft-ext/sinks/pace.h"

#include <gtest/gtest.h>

using namespace nft_drops;
using namespace nft_drops::cli;
using namespace std::chrono_literals;

namespace {

TEST(Pace, SoManyInEachSecond) {
	Pace pace(3);
	const Pace::Time start{100s};
	int taken = 0;
	for (auto at = start; at < start + 10s; at += 100ms)
		taken += pace.take(at);
	EXPECT_EQ(taken, 30);
	Pace none(std::nullopt);
	for (int i = 0; i < 1000; i++)
		EXPECT_TRUE(none.take(start));
}

nd_event from_port(uint16_t port) {
	nd_event e{};
	e.cause = ND_CAUSE_RULE;
	e.rule_handle = 7;
	e.pf = 2;
	e.protocol = 0x0800;
	e.l3_len = 28;
	e.l3[0] = 0x45;
	e.l3[3] = 28;
	e.l3[9] = 17;
	e.l3[20] = static_cast<uint8_t>(port >> 8);
	e.l3[21] = static_cast<uint8_t>(port);
	return e;
}

TEST(Folder, EqualOnesAreOneAndAllAreCounted) {
	Folder folder;
	EXPECT_TRUE(folder.empty());
	const Folder::Time start{100s};
	for (int i = 0; i < 900; i++) {
		nd_event e = from_port(static_cast<uint16_t>(i % 3));
		e.time_ns = static_cast<uint64_t>(i); // no two drops are at one time
		e.l3[4] = static_cast<uint8_t>(i);    // or have one identification: neither is shown
		folder.add(e, {}, start + i * 1ms);
	}
	nd_event other_rule = from_port(0);
	other_rule.rule_handle = 8;
	folder.add(other_rule, {}, start + 1s);
	EXPECT_EQ(folder.since(), start);
	for (int i = 0; i < 3; i++) {
		const Folder::Fold *fold = folder.next();
		ASSERT_NE(fold, nullptr);
		EXPECT_EQ(fold->event.l3[21], i);
		EXPECT_EQ(fold->times, 300U);
		EXPECT_EQ(fold->repeated().within, 897ms);
	}
	const Folder::Fold *last = folder.next();
	ASSERT_NE(last, nullptr);
	EXPECT_EQ(last->event.rule_handle, 8U);
	EXPECT_EQ(last->times, 1U);
	EXPECT_EQ(folder.next(), nullptr);
	EXPECT_EQ(folder.rest().times, 0U);
	EXPECT_TRUE(folder.empty());
}

TEST(Folder, WhatFindsNoPlaceIsCounted) {
	Folder folder;
	for (int i = 0; i < 60000; i++)
		folder.add(from_port(static_cast<uint16_t>(i)), {}, Folder::Time{std::chrono::seconds(i)});
	uint64_t shown = 0;
	for (int i = 0; i < 10; i++)
		shown += folder.next()->times;
	const Repeated rest = folder.rest();
	EXPECT_EQ(shown + rest.times, 60000U);
	EXPECT_EQ(rest.within, 59999s);
	EXPECT_TRUE(folder.empty());
}

} // namespace
