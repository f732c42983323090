// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/view/top_model.h"

#include "rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nft_drops {
namespace {

using testing::ElementsAre;

// Handles, in the order of the frame.
std::vector<uint64_t> handles(const TopFrame &frame) {
	std::vector<uint64_t> found;
	for (const TopRule &rule : frame.rules)
		found.push_back(rule.culprit->handle);
	return found;
}

uint64_t sum(const TopFrame &frame) {
	uint64_t packets = frame.earlier;
	for (const TopRule &rule : frame.rules)
		packets += rule.figures.total;
	return packets;
}

TEST(TopModel, RatesTotalsAndLastSeen) {
	TopModel model;
	const CulpritWords seven = rule(7, "drop");
	model.add(row(seven, udp(1, 53), 10, 5 * kSecond));
	model.add(row(seven, udp(2, 53), 5, 4 * kSecond));
	model.end_interval(0.5);
	TopFrame frame = model.frame(TopSort::kRate, 0);
	ASSERT_EQ(frame.rules.size(), 1U);
	EXPECT_EQ(frame.rules[0].figures.rate, 30);
	EXPECT_EQ(frame.rules[0].figures.total, 15U);
	EXPECT_EQ(frame.rules[0].figures.last, 5 * kSecond);
	EXPECT_EQ(frame.all.total, 15U);
	model.end_interval(1);
	frame = model.frame(TopSort::kRate, 0);
	EXPECT_EQ(frame.rules[0].figures.rate, 0);
	EXPECT_EQ(frame.rules[0].figures.total, 15U);
}

TEST(TopModel, TextsOfTheTimeAreApart) {
	TopModel model;
	const CulpritWords before = rule(7, "tcp dport 22 drop"), after = rule(7, "tcp dport 23 drop");
	model.add(row(before, udp(1, 53), 10));
	model.add(row(after, udp(1, 53), 20));
	// Equal ones are one, wherever they lie.
	const CulpritWords again = before;
	model.add(row(again, udp(1, 53), 1));
	const TopFrame frame = model.frame(TopSort::kTotal, 0);
	ASSERT_EQ(frame.rules.size(), 2U);
	EXPECT_EQ(frame.rules[0].culprit->text, "tcp dport 23 drop");
	EXPECT_EQ(frame.rules[1].figures.total, 11U);
}

// A chain that two base chains jump to.
TEST(TopModel, OneRuleBehindTwoBaseChainsIsOne) {
	TopModel model;
	CulpritWords one = rule(7, "drop", "shared"), two = one;
	two.base_chain = "forward";
	model.add(row(one, udp(1, 53), 1));
	model.add(row(two, udp(1, 53), 1));
	EXPECT_EQ(model.frame(TopSort::kRate, 0).rules.size(), 1U);
}

TEST(TopModel, Orders) {
	TopModel model;
	const CulpritWords one = rule(1, "b"), two = rule(2, "c"), three = rule(3, "a");
	model.add(row(one, udp(1, 1), 100, 1 * kSecond));
	model.end_interval(1);
	model.add(row(two, udp(1, 1), 50, 2 * kSecond));
	model.add(row(three, udp(1, 1), 10, 3 * kSecond));
	model.end_interval(1);
	EXPECT_THAT(handles(model.frame(TopSort::kRate, 0)), ElementsAre(2, 3, 1));
	EXPECT_THAT(handles(model.frame(TopSort::kTotal, 0)), ElementsAre(1, 2, 3));
	EXPECT_THAT(handles(model.frame(TopSort::kLast, 0)), ElementsAre(3, 2, 1));
	EXPECT_THAT(handles(model.frame(TopSort::kName, 0)), ElementsAre(3, 1, 2));
	TopSort sort = TopSort::kRate;
	for (int i = 0; i < 4; i++)
		sort = next_of(sort);
	EXPECT_EQ(sort, TopSort::kRate);
}

TEST(TopModel, FlowsOfTheOpenedRule) {
	TopModel model;
	const CulpritWords one = rule(1, "a"), two = rule(2, "b");
	model.add(row(one, udp(1, 53), 3));
	model.add(row(one, udp(2, 53), 7));
	model.add(row(one, others(), 5));
	model.add(row(two, udp(9, 53), 99));
	const uint64_t id = model.frame(TopSort::kTotal, 0).rules[1].id;
	const TopFrame frame = model.frame(TopSort::kTotal, id);
	ASSERT_EQ(frame.flows.size(), 2U);
	EXPECT_EQ(frame.flows[0].figures.total, 7U);
	EXPECT_EQ(frame.flows[1].figures.total, 3U);
	EXPECT_EQ(frame.others.total, 5U);
	EXPECT_TRUE(model.frame(TopSort::kTotal, 0).flows.empty());
}

TEST(TopModel, ZeroForgetsAll) {
	TopModel model;
	const CulpritWords one = rule(1, "a");
	model.add(row(one, udp(1, 53), 3));
	const uint64_t id = model.frame(TopSort::kRate, 0).rules[0].id;
	model.zero();
	EXPECT_EQ(model.frame(TopSort::kRate, 0).all.total, 0U);
	model.add(row(one, udp(1, 53), 2));
	EXPECT_EQ(model.frame(TopSort::kRate, 0).rules[0].figures.total, 2U);
	// What was opened is not what comes now.
	EXPECT_NE(model.frame(TopSort::kRate, 0).rules[0].id, id);
}

TEST(TopModel, AMillionFlowsAreBoundedAndTheRulesTotalIsExact) {
	TopModel model;
	const CulpritWords flood = rule(1, "a"), quiet = rule(2, "b");
	model.add(row(quiet, udp(1, 53), 1));
	model.add(row(flood, udp(1, 53), 1000));
	for (uint32_t i = 0; i < 1'000'000; i++) {
		FlowWords flow = udp(static_cast<uint16_t>(i), static_cast<uint16_t>(i >> 16));
		flow.daddr.bytes[3] = 9;
		model.add(row(flood, flow, 1));
		ASSERT_LE(model.flows(), TopModel::kMostFlows);
	}
	const TopFrame rules = model.frame(TopSort::kTotal, 0);
	EXPECT_EQ(rules.rules[0].figures.total, 1'001'000U);
	const TopFrame frame = model.frame(TopSort::kTotal, rules.rules[0].id);
	uint64_t packets = frame.others.total;
	for (const TopFlow &flow : frame.flows)
		packets += flow.figures.total;
	EXPECT_EQ(packets, 1'001'000U);
	// The largest is kept, and so is that of the rule that dropped little.
	EXPECT_EQ(frame.flows[0].figures.total, 1000U);
	EXPECT_EQ(model.frame(TopSort::kTotal, rules.rules[1].id).flows.size(), 1U);
}

TEST(TopModel, RulesAreBoundedAndNoPacketIsMissing) {
	TopModel model(64, 1000);
	for (uint64_t i = 1; i <= 1000; i++) {
		const CulpritWords one = rule(i, "drop");
		model.add(row(one, udp(1, 53), 2, static_cast<int64_t>(i)));
		ASSERT_LE(model.rules(), 64U);
	}
	const TopFrame frame = model.frame(TopSort::kLast, 0);
	EXPECT_EQ(sum(frame), 2000U);
	EXPECT_EQ(frame.all.total, 2000U);
	EXPECT_GT(frame.earlier, 0U);
	EXPECT_EQ(frame.rules[0].culprit->handle, 1000U);
	EXPECT_EQ(model.flows(), model.rules());
}

} // namespace
} // namespace nft_drops
