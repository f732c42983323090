// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/sinks/pace.h"
#include "nft-ext/sinks/repeat_coalescer.h"

#include <gtest/gtest.h>

#include <fstream>
#include <malloc.h>

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

SharedAttribution rule(uint64_t id, std::string text) {
	Attribution made;
	made.id = id;
	made.text = std::move(text);
	made.known = true;
	return std::make_shared<const Attribution>(std::move(made));
}

// A UDP packet.
Drop from(uint32_t address, uint16_t port, SharedAttribution attribution, RepeatCoalescer::Time time) {
	Drop drop;
	nd_event &e = drop.event;
	e.cause = ND_CAUSE_RULE;
	e.rule_handle = 7;
	e.pf = 2;
	e.protocol = 0x0800;
	e.l3_len = 28;
	e.l3[0] = 0x45;
	e.l3[3] = 28;
	e.l3[9] = 17;
	for (int i = 0; i < 4; i++)
		e.l3[12 + i] = static_cast<uint8_t>(address >> (24 - 8 * i));
	e.l3[20] = static_cast<uint8_t>(port >> 8);
	e.l3[21] = static_cast<uint8_t>(port);
	drop.attribution = std::move(attribution);
	drop.time = time;
	return drop;
}

TEST(RepeatCoalescer, EqualOnesAreOneAndAllAreCounted) {
	RepeatCoalescer coalescer;
	EXPECT_TRUE(coalescer.empty());
	const RepeatCoalescer::Time start{100s};
	const auto text = rule(1, "drop");
	for (int i = 0; i < 900; i++) {
		Drop drop = from(1, static_cast<uint16_t>(i % 3), text, start + i * 1ms);
		drop.event.time_ns = static_cast<uint64_t>(i); // no two drops are at one time
		drop.event.l3[4] = static_cast<uint8_t>(i);    // or have one identification: neither is shown
		coalescer.add(drop);
	}
	Drop other_rule = from(1, 0, text, start + 1s);
	other_rule.event.rule_handle = 8;
	coalescer.add(other_rule);
	EXPECT_EQ(coalescer.since(), start);
	EXPECT_EQ(coalescer.drops(), 901U);
	for (int i = 0; i < 3; i++) {
		const Repeat *repeat = coalescer.next();
		ASSERT_NE(repeat, nullptr);
		EXPECT_EQ(repeat->drop.event.l3[21], i);
		EXPECT_EQ(repeat->times, 300U);
		EXPECT_EQ(repeat->repeated().within, 897ms);
		EXPECT_EQ(repeat->drop.attribution, text) << "the text is shared, not copied";
	}
	const Repeat *last = coalescer.next();
	ASSERT_NE(last, nullptr);
	EXPECT_EQ(last->drop.event.rule_handle, 8U);
	EXPECT_EQ(last->times, 1U);
	EXPECT_EQ(coalescer.next(), nullptr);
	EXPECT_EQ(coalescer.rest().times, 0U);
	EXPECT_TRUE(coalescer.empty());
	EXPECT_EQ(coalescer.bytes(), 0U);
}

// The rule was replaced in between: what was shown of the first drop is not true of the second.
TEST(RepeatCoalescer, AnotherTextIsAnotherDrop) {
	RepeatCoalescer coalescer;
	coalescer.add(from(1, 1, rule(1, "drop"), {}));
	coalescer.add(from(1, 1, rule(2, "reject"), {}));
	EXPECT_EQ(coalescer.next()->drop.attribution->text, "drop");
	EXPECT_EQ(coalescer.next()->drop.attribution->text, "reject");
}

TEST(RepeatCoalescer, AfterNextAnEqualDropIsANewOne) {
	RepeatCoalescer coalescer;
	const auto text = rule(1, "drop");
	for (int round = 0; round < 3; round++) {
		coalescer.add(from(1, 1, text, RepeatCoalescer::Time{1s * round}));
		const Repeat *repeat = coalescer.next();
		ASSERT_NE(repeat, nullptr);
		EXPECT_EQ(repeat->times, 1U);
		EXPECT_EQ(repeat->drop.time, RepeatCoalescer::Time{1s * round});
	}
}

// The sanitizers' malloc keeps no figures.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ND_MALLOC_HAS_NO_FIGURES
#endif
#endif
#ifdef ND_MALLOC_HAS_NO_FIGURES
constexpr bool kMallocHasFigures = false;
#else
constexpr bool kMallocHasFigures = true;
#endif

size_t allocated() {
	return mallinfo2().uordblks + mallinfo2().hblkhd;
}

// A million packets of different senders, by rules of 100 KB that are replaced all the time, as malloc has it.
TEST(RepeatCoalescer, ItsMemoryIsBoundedInBytes) {
	constexpr uint32_t kDrops = 1'000'000;
	const size_t before = allocated();
	RepeatCoalescer coalescer;
	size_t most = 0;
	SharedAttribution text;
	for (uint32_t i = 0; i < kDrops; i++) {
		if (i % 100 == 0) text = rule(1 + i, std::string(100'000, 'x'));
		coalescer.add(from(i, 1, text, RepeatCoalescer::Time{std::chrono::milliseconds(i)}));
		if (i % 1000 == 0) most = std::max(most, allocated() - before);
	}
	EXPECT_LE(coalescer.bytes(), RepeatCoalescer::kMostBytes);
	EXPECT_LT(most, RepeatCoalescer::kMostBytes * 5 / 4);
	if (kMallocHasFigures) {
		EXPECT_GT(most, RepeatCoalescer::kMostBytes / 2) << "and it is used";
	}
	EXPECT_EQ(coalescer.drops(), kDrops);
	uint64_t shown = 0;
	for (int i = 0; i < 100; i++)
		shown += coalescer.next()->times;
	EXPECT_GE(shown, 100U);
	const Repeated rest = coalescer.rest();
	EXPECT_EQ(shown + rest.times, kDrops);
	EXPECT_EQ(rest.within, std::chrono::milliseconds(kDrops - 1));
	EXPECT_TRUE(coalescer.empty());
	text.reset();
	EXPECT_LT(allocated(), before + (1 << 20));
}

TEST(RepeatCoalescer, OneRuleLongerThanAllRoomIsKeptOnce) {
	RepeatCoalescer coalescer;
	const auto text = rule(1, std::string(2 * RepeatCoalescer::kMostBytes, 'x'));
	for (uint32_t i = 0; i < 10; i++)
		coalescer.add(from(i, 1, text, {}));
	ASSERT_NE(coalescer.next(), nullptr);
	EXPECT_EQ(coalescer.next(), nullptr);
	EXPECT_EQ(coalescer.rest().times, 9U);
}

} // namespace
