// SPDX-License-Identifier: GPL-2.0-only
// bpf/count.bpf.c: whose a drop is, above all where addresses come to be another rule's. The file has more than 500
// lines because all tests share one made-up kernel.
#include "native_count.h"
#include "probe_world.h"

#include <gtest/gtest.h>

#include <optional>

namespace nft_drops::jit_test {
namespace {

constexpr uint32_t kContinue = 0xffffffff; // the policy's drop
constexpr uint32_t kDrop = 0;
constexpr uint32_t kJump = 0xfffffffd; // found the jump stack full
constexpr uint64_t kCookie = 4711;
constexpr uint64_t kTable = 0x99887766;
constexpr uint64_t kChain = 0x1122334455;

// Reads that a drop takes whose culprit is known: the packet's sk_buff and its length.
constexpr size_t kReadsOfAKnownOne = 2;

class CountWorld : public testing::Test {
protected:
	CountWorld() {
		world_.layout.net_cookie = {.offset = 0x188, .size = 8, .shift = 0, .bits = 0, .pad = {}};
		world_.poke(world_.net, world_.layout.net_cookie, kCookie);
		world_.use_registers(kDrop);
		world_.packet(64, 64, 50, 200, 0);
		rule_is(world_.rule, 7);
		world_.kernel.cpu = 0;
	}
	void TearDown() override { EXPECT_FALSE(world_.kernel.bad_call); }

	void rule_is(uint64_t address, uint64_t handle) { world_.poke(address, world_.layout.rule_handle, handle); }
	NativeCount &count() {
		if (!count_) count_.emplace(world_.layout, world_.site, max_rules_);
		return *count_;
	}
	// Drops a packet; how often that took a look at kernel memory.
	size_t drop(uint64_t by, uint32_t verdict = kDrop) {
		world_.put(world_.site.rule, by);
		world_.put(world_.site.verdict, verdict);
		const size_t before = world_.kernel.reads;
		count().packet(world_.regs);
		return world_.kernel.reads - before;
	}
	size_t drop() { return drop(world_.rule); }
	void change() {
		count().change_begins();
		count().change_ends();
	}
	static CountKey rule_key(uint64_t handle) { return {kCookie, kTable, handle << 8 | ND_CAUSE_RULE}; }
	uint64_t packets(uint64_t handle) { return count().of(rule_key(handle)).packets; }

	ProbeWorld world_;
	uint32_t max_rules_ = 16;
	std::optional<NativeCount> count_;
};

TEST_F(CountWorld, AKnownRuleTakesTwoReads) {
	EXPECT_GT(drop(), kReadsOfAKnownOne);
	EXPECT_EQ(drop(), kReadsOfAKnownOne);
	world_.packet(64, 64, 50, 1000, 0);
	EXPECT_EQ(drop(), kReadsOfAKnownOne);
	EXPECT_EQ(count().used(), 1U);
	EXPECT_EQ(packets(7), 3U);
	EXPECT_EQ(count().of(rule_key(7)).bytes, 1400U);
	EXPECT_EQ(count().unlisted().packets, 0U);
}

TEST_F(CountWorld, PolicyRuleAndJumpLimitAreThree) {
	for (int i = 0; i < 3; i++) {
		drop(world_.rule, kDrop);
		drop(world_.rule, kContinue);
		drop(world_.rule, kJump);
	}
	EXPECT_EQ(packets(7), 3U);
	EXPECT_EQ(count().of({kCookie, kTable, kChain << 8 | ND_CAUSE_POLICY}).packets, 3U);
	EXPECT_EQ(count().of({kCookie, kTable, uint64_t{7} << 8 | ND_CAUSE_JUMP_LIMIT}).packets, 3U);
	EXPECT_EQ(count().used(), 3U);
}

TEST_F(CountWorld, AfterAChangeTheAddressIsAnothersAndIsLookedAt) {
	drop();
	drop();
	change();
	rule_is(world_.rule, 8);
	EXPECT_GT(drop(), kReadsOfAKnownOne);
	EXPECT_EQ(drop(), kReadsOfAKnownOne);
	EXPECT_EQ(packets(7), 2U);
	EXPECT_EQ(packets(8), 2U);
	// The same handle in another namespace, as two containers have it.
	change();
	world_.poke(world_.net, world_.layout.net_cookie, kCookie + 1);
	drop();
	EXPECT_EQ(packets(8), 2U);
	EXPECT_EQ(count().of({kCookie + 1, kTable, uint64_t{8} << 8 | ND_CAUSE_RULE}).packets, 1U);
}

TEST_F(CountWorld, OfABaseChainToo) {
	drop(world_.rule, kContinue);
	change();
	world_.poke(world_.base, world_.layout.chain_handle, kChain + 1);
	drop(world_.rule, kContinue);
	EXPECT_EQ(count().of({kCookie, kTable, kChain << 8 | ND_CAUSE_POLICY}).packets, 1U);
	EXPECT_EQ(count().of({kCookie, kTable, (kChain + 1) << 8 | ND_CAUSE_POLICY}).packets, 1U);
}

// What is seen then may be given another's memory by the very change that is under way.
TEST_F(CountWorld, NothingIsKeptDuringAChange) {
	count().change_begins();
	drop();
	EXPECT_GT(drop(), kReadsOfAKnownOne);
	rule_is(world_.rule, 8);
	drop();
	count().change_ends();
	drop();
	EXPECT_EQ(drop(), kReadsOfAKnownOne);
	EXPECT_EQ(packets(7), 2U);
	EXPECT_EQ(packets(8), 3U);
}

TEST_F(CountWorld, TwoChangesAtOnceLastUntilBothEnded) {
	count().task = 1;
	count().change_begins();
	count().task = 2;
	count().change_begins();
	count().change_ends();
	drop();
	EXPECT_GT(drop(), kReadsOfAKnownOne);
	count().task = 1;
	count().change_ends();
	drop();
	EXPECT_EQ(drop(), kReadsOfAKnownOne);
}

TEST_F(CountWorld, AnEndWithoutABeginningIsAChange) {
	drop();
	EXPECT_EQ(drop(), kReadsOfAKnownOne);
	count().change_ends();
	EXPECT_GT(drop(), kReadsOfAKnownOne);
	EXPECT_EQ(drop(), kReadsOfAKnownOne);
	EXPECT_EQ(count().changes() & ND_CHANGING, 0U);
}

TEST_F(CountWorld, AMissedEndIsMadeUpForByTheTasksNext) {
	count().change_begins();
	const uint64_t before = count().changes();
	count().change_begins();
	EXPECT_NE(count().changes(), before);
	EXPECT_EQ(count().changes() & ND_CHANGING, 1U);
	count().change_ends();
	EXPECT_EQ(count().changes() & ND_CHANGING, 0U);
}

// Two rules whose addresses share the place where what is known is kept.
TEST_F(CountWorld, RulesThatShareASlotPushEachOtherOut) {
	const auto slot = [](uint64_t address) {
		return (address + ND_CAUSE_RULE) * 0x9e3779b97f4a7c15ULL >> (64 - ND_RECENT_BITS);
	};
	constexpr uint64_t kRules = 0xffff888000100000;
	uint64_t other = kRules;
	while (slot(other) != slot(world_.rule))
		other += 8;
	world_.kernel.memory[kRules] = std::vector<uint8_t>(other - kRules + 64);
	rule_is(other, 9);
	for (int i = 0; i < 3; i++) {
		EXPECT_GT(drop(world_.rule), kReadsOfAKnownOne);
		EXPECT_GT(drop(other), kReadsOfAKnownOne);
	}
	EXPECT_EQ(drop(other), kReadsOfAKnownOne);
	EXPECT_EQ(packets(7), 3U);
	EXPECT_EQ(packets(9), 4U);
}

TEST_F(CountWorld, WhatHasNoRoomIsUnlisted) {
	max_rules_ = 1;
	const uint32_t room = count().capacity;
	for (uint64_t handle = 1; handle <= room + 1; handle++) {
		rule_is(world_.rule, handle);
		change();
		drop();
	}
	drop();
	EXPECT_EQ(packets(room), 1U);
	EXPECT_EQ(packets(room + 1), 0U);
	EXPECT_EQ(count().unlisted().packets, 2U);
	EXPECT_EQ(count().unlisted().bytes, 400U);
	rule_is(world_.rule, 1);
	change();
	drop();
	EXPECT_EQ(packets(1), 2U);
	EXPECT_EQ(count().all().packets, room + 3U);
}

TEST_F(CountWorld, ProcessorsCountInLanes) {
	const uint64_t other = world_.rule + 8;
	rule_is(other, 8);
	drop(world_.rule);
	drop(other);
	world_.kernel.cpu = 1;
	EXPECT_GT(drop(other), kReadsOfAKnownOne) << "what another processor knows";
	for (int i = 0; i < 3; i++)
		drop(world_.rule);
	// Those that came later have no memory of addresses.
	for (const uint32_t later : {2U, 3U}) {
		world_.kernel.cpu = later;
		drop(world_.rule);
		EXPECT_GT(drop(world_.rule), kReadsOfAKnownOne);
	}
	EXPECT_EQ(packets(7), 8U);
	EXPECT_EQ(packets(8), 2U);
	const uint32_t number = count().number_of(rule_key(7));
	EXPECT_EQ(count().counts[number].packets, 3U);
	EXPECT_EQ(count().counts[count().capacity + 1 + number].packets, 5U);
	EXPECT_EQ(count().used(), 2U);
}

TEST_F(CountWorld, SelfTestsAreInNoFigure) {
	drop();
	count().ignored[nd_ignored_slot(kCookie + 1)] = kCookie + 1;
	world_.poke(world_.net, world_.layout.net_cookie, kCookie + 1);
	rule_is(world_.rule, 8);
	change();
	EXPECT_GT(drop(), kReadsOfAKnownOne);
	EXPECT_EQ(drop(), kReadsOfAKnownOne);
	EXPECT_EQ(count().all().packets, 1U);
	EXPECT_EQ(count().used(), 1U);
	// Another namespace is none because of it.
	world_.poke(world_.net, world_.layout.net_cookie, kCookie);
	change();
	drop();
	EXPECT_EQ(packets(8), 1U);
}

// Of whom nothing can be told: never somebody else's.
TEST_F(CountWorld, WithoutACookieOrAHandleItIsUnlisted) {
	rule_is(world_.rule, 0);
	drop();
	rule_is(world_.rule, 7);
	world_.poke(world_.net, world_.layout.net_cookie, 0);
	change();
	drop();
	EXPECT_EQ(count().unlisted().packets, 2U);
	EXPECT_EQ(count().used(), 0U);
}

// A table's life: its handle, and whether it is still in its list.
class Deleted : public CountWorld {
protected:
	static constexpr uint64_t kPoison = 0xdead000000000122;
	static CountKey key_of(uint64_t table, uint64_t handle) {
		return {kCookie, table, handle << 8 | ND_CAUSE_RULE};
	}
	void table_is(uint64_t handle) {
		world_.poke(world_.table, world_.layout.table_handle, handle);
		world_.poke(world_.table + 8, 8, world_.table);
		change();
	}
	void delete_table() {
		change();
		world_.poke(world_.table + 8, 8, kPoison);
	}
	// Rules of a table drop one packet each.
	void drop_each(uint64_t table, uint64_t rules) {
		table_is(table);
		for (uint64_t rule = 1; rule <= rules; rule++) {
			rule_is(world_.rule, rule);
			change();
			drop();
		}
	}
	void pass_time() {
		count().tick += 2;
		count().monotonic_ns += 5'000'000;
	}
	void let_time_pass(int steps = 30) {
		for (int i = 0; i < steps; i++) {
			pass_time();
			ASSERT_EQ(count().tidy(), 0);
		}
	}
};

// A ruleset is loaded again and again, with room for hardly more than it.
TEST_F(Deleted, TablesMakeRoomForTheNextOnes) {
	max_rules_ = 16;
	constexpr uint64_t kRules = 10;
	for (uint64_t table = 1; table <= 1000; table++) {
		drop_each(table, kRules);
		for (uint64_t rule = 1; rule <= kRules; rule++)
			ASSERT_EQ(count().of(key_of(table, rule)).packets, 1U) << table << " " << rule;
		// Packets go on: the kernel's side tidies with them alone.
		for (int i = 0; i < 8; i++) {
			pass_time();
			drop();
		}
		ASSERT_EQ(count().of(key_of(table, kRules)).packets, 9U) << table;
		delete_table();
	}
	EXPECT_EQ(count().unlisted().packets, 0U);
	EXPECT_EQ(count().all().packets, 1000 * (kRules + 8));
	EXPECT_EQ(count().all().bytes, 1000 * (kRules + 8) * 200);
	EXPECT_LE(count().used(), 4 * kRules);
}

// Its memory is another table's, or nobody's.
TEST_F(Deleted, TablesWhoseMemoryIsGone) {
	drop_each(1, 2);
	world_.poke(world_.table, world_.layout.table_handle, 2); // in the list, but another one
	let_time_pass();
	EXPECT_EQ(count().used(), 0U);
	drop_each(3, 2);
	world_.kernel.memory.erase(world_.table);
	let_time_pass();
	EXPECT_EQ(count().used(), 0U);
	EXPECT_EQ(count().all().packets, 4U);
}

TEST_F(Deleted, LiveTablesKeepTheirs) {
	drop_each(1, 3);
	let_time_pass(50);
	EXPECT_EQ(count().used(), 3U);
	drop();
	EXPECT_EQ(count().of(key_of(1, 3)).packets, 2U);
}

TEST_F(Deleted, ARuleAloneIsToldByItsReader) {
	drop_each(1, 2);
	const uint32_t number = count().number_of(key_of(1, 1));
	nd_tidy_request request{.number = number,
	                        .key = {.netns = kCookie, .table = 1, .culprit = 9 << 8 | ND_CAUSE_RULE},
	                        .fill_from = 0,
	                        .fill_to = 0};
	ASSERT_EQ(count().tidy(request), 0);
	EXPECT_EQ(count().used(), 2U) << "the number was another one's by then";
	request.key.culprit = 1 << 8 | ND_CAUSE_RULE;
	ASSERT_EQ(count().tidy(request), 0);
	EXPECT_EQ(count().used(), 1U);
	let_time_pass();
	EXPECT_EQ(count().free_numbers.size(), count().capacity - 1);
	// A packet that was on its way through the rule: counted, and nobody else's.
	drop(world_.rule);
	EXPECT_EQ(count().of(key_of(1, 2)).packets, 2U);
	rule_is(world_.rule, 1);
	change();
	drop();
	EXPECT_EQ(count().of(key_of(1, 1)).packets, 1U);
	EXPECT_EQ(count().all().packets, 4U);
}

// A program on another processor has a place in its hands, for as long as that processor stands still.
TEST_F(Deleted, ANumberWaitsForWhoMayStillAddToIt) {
	drop_each(1, 1);
	drop();
	const uint32_t number = count().number_of(key_of(1, 1));
	bool once = true;
	count().before_adding = [&] {
		if (!once) return;
		once = false;
		// Meanwhile, elsewhere: years, as it were.
		world_.kernel.cpu = 1;
		delete_table();
		let_time_pass(50);
		EXPECT_EQ(count().rules[number].state, unsigned{ND_RULE_RETIRED});
		const std::array<uint64_t, 21> mine = world_.regs;
		drop_each(2, 1);
		EXPECT_NE(count().number_of(key_of(2, 1)), number);
		world_.regs = mine;
		world_.kernel.cpu = 0;
	};
	drop();
	count().before_adding = {};
	EXPECT_FALSE(once);
	EXPECT_EQ(count().of(key_of(2, 1)).packets, 1U);
	let_time_pass();
	EXPECT_EQ(count().rules[number].state, unsigned{ND_RULE_FREE});
	EXPECT_EQ(count().rules[number].start_packets, 3U);
	EXPECT_EQ(count().all().packets, 4U);
	// The next one starts there.
	drop_each(3, 1);
	EXPECT_EQ(count().number_of(key_of(3, 1)), number);
	EXPECT_EQ(count().of(key_of(3, 1)).packets, 1U);
}

// A packet that was on its way through a rule when the rule's table was deleted makes its processor remember a place.
// Another packet of that kind, much later, finds the number given to another rule, without any change in between.
TEST_F(Deleted, WhatIsRememberedEndsWithTheNumber) {
	const uint64_t old = world_.rule, other = world_.rule + 8;
	rule_is(old, 1);
	table_is(1);
	delete_table();
	drop(old);
	const uint32_t number = count().number_of(key_of(1, 1));
	EXPECT_EQ(drop(old), kReadsOfAKnownOne) << "it is remembered";
	let_time_pass();
	ASSERT_EQ(count().rules[number].state, unsigned{ND_RULE_FREE});
	// The other rule's table lies elsewhere; here, the same memory serves for both.
	world_.poke(world_.table, world_.layout.table_handle, 2);
	world_.poke(world_.table + 8, 8, world_.table);
	rule_is(other, 5);
	drop(other);
	ASSERT_EQ(count().number_of(key_of(2, 5)), number);
	world_.poke(world_.table, world_.layout.table_handle, 1);
	EXPECT_GT(drop(old), kReadsOfAKnownOne);
	EXPECT_EQ(count().of(key_of(2, 5)).packets, 1U);
	EXPECT_EQ(count().all().packets, 4U);
}

// The same, and the second packet's program has begun before the number was taken back: it is stopped for a long time
// in front of saying that it runs.
TEST_F(Deleted, AProgramThatIsStoppedBeforeItSaysThatItRuns) {
	const uint64_t old = world_.rule, other = world_.rule + 8;
	rule_is(old, 1);
	rule_is(other, 5);
	table_is(1);
	drop(old);
	const uint32_t number = count().number_of(key_of(1, 1));
	const uint64_t length_at = world_.skb + world_.layout.skb_len.offset;
	bool once = true;
	world_.kernel.after_read = [&](uint64_t from) {
		if (from != length_at || !once) return;
		once = false;
		world_.kernel.cpu = 1;
		delete_table();
		let_time_pass();
		EXPECT_EQ(count().rules[number].state, unsigned{ND_RULE_FREE});
		const std::array<uint64_t, 21> mine = world_.regs;
		table_is(2);
		drop(other);
		EXPECT_EQ(count().number_of(key_of(2, 5)), number);
		world_.poke(world_.table, world_.layout.table_handle, 1);
		world_.regs = mine;
		world_.kernel.cpu = 0;
	};
	drop(old);
	EXPECT_FALSE(once);
	EXPECT_EQ(count().of(key_of(2, 5)).packets, 1U);
	EXPECT_EQ(count().all().packets, 3U);
}

// Another processor holds a map's lock, and this one, in the exception of a breakpoint, does not wait for it.
TEST_F(Deleted, BusyMapsLoseNoDropAndNoNumber) {
	for (unsigned refusals = 0; refusals < 12; refusals++) {
		table_is(refusals + 1);
		count().refusals = refusals;
		drop();
		count().refusals = 0;
		EXPECT_EQ(count().unlisted().packets, refusals < 4 ? 0U : refusals - 3) << refusals;
		drop();
		EXPECT_EQ(count().of(key_of(refusals + 1, 7)).packets, refusals < 4 ? 2U : 1U) << refusals;
		delete_table();
		count().refusals = refusals;
		let_time_pass(60);
		EXPECT_EQ(count().free_numbers.size(), count().capacity) << refusals;
	}
	EXPECT_EQ(count().all().packets, 24U);
}

// A drop in an interrupt, while a process tidies on the same processor: the kernel runs a probe's program then.
TEST_F(Deleted, ADropInTheMiddleOfTidyingIsCounted) {
	drop_each(1, 3);
	delete_table();
	bool once = true;
	size_t nested = 0;
	pass_time();
	world_.kernel.after_read = [&](uint64_t from) {
		if (from < world_.table || from >= world_.table + 200 || !once) return;
		once = false;
		EXPECT_TRUE(count().locked);
		nested = drop();
	};
	for (int i = 0; i < 12; i++) // all numbers are looked at by then
		ASSERT_EQ(count().tidy(), 0);
	EXPECT_FALSE(once);
	EXPECT_GT(nested, 0U);
	EXPECT_FALSE(count().locked);
	EXPECT_EQ(count().all().packets, 4U);
	EXPECT_EQ(count().unlisted().packets, 0U);
	let_time_pass();
	EXPECT_EQ(count().used(), 0U);
	EXPECT_EQ(count().free_numbers.size(), count().capacity);
}

TEST_F(CountWorld, LastSeenIsRightToATick) {
	const uint64_t other = world_.rule + 8;
	rule_is(other, 8);
	const auto at = [this](uint64_t tick, uint64_t ns) {
		count().tick = tick;
		world_.kernel.time_ns = ns;
	};
	at(5, 100);
	drop();
	at(5, 101);
	drop();
	EXPECT_EQ(count().of(rule_key(7)).last_ns, 100U) << "none asked for within a tick";
	at(6, 200);
	drop();
	EXPECT_EQ(count().of(rule_key(7)).last_ns, 200U);
	at(7, 300);
	drop(other);
	EXPECT_EQ(count().of(rule_key(8)).last_ns, 300U);
	EXPECT_EQ(count().of(rule_key(7)).last_ns, 200U);
	// Another rule at the address within the tick of the former one's last drop.
	drop();
	change();
	rule_is(world_.rule, 9);
	at(7, 301);
	drop();
	EXPECT_EQ(count().of(rule_key(9)).last_ns, 301U);
	// Nor where nothing is kept.
	count().change_begins();
	rule_is(world_.rule, 10);
	at(7, 302);
	drop();
	EXPECT_EQ(count().of(rule_key(10)).last_ns, 302U);
}

} // namespace
} // namespace nft_drops::jit_test
