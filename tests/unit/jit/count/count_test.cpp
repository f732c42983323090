// SPDX-License-Identifier: GPL-2.0-only
// bpf/count.bpf.c: whose a drop is, above all where addresses come to be another rule's.
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
	size_t max_rules_ = 16;
	std::optional<NativeCount> count_;
};

TEST_F(CountWorld, AKnownRuleTakesTwoReads) {
	EXPECT_GT(drop(), kReadsOfAKnownOne);
	EXPECT_EQ(drop(), kReadsOfAKnownOne);
	world_.packet(64, 64, 50, 1000, 0);
	EXPECT_EQ(drop(), kReadsOfAKnownOne);
	EXPECT_EQ(count().rules.size(), 1U);
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
	EXPECT_EQ(count().rules.size(), 3U);
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
	drop();
	rule_is(world_.rule, 8);
	change();
	drop();
	drop();
	EXPECT_EQ(packets(7), 1U);
	EXPECT_EQ(packets(8), 0U);
	EXPECT_EQ(count().unlisted().packets, 2U);
	EXPECT_EQ(count().unlisted().bytes, 400U);
	rule_is(world_.rule, 7);
	change();
	drop();
	EXPECT_EQ(packets(7), 2U);
}

TEST_F(CountWorld, ProcessorsGiveOutPlacesOfTheirOwn) {
	const uint64_t other = world_.rule + 8;
	rule_is(other, 8);
	drop(world_.rule);
	drop(other);
	world_.kernel.cpu = 1;
	EXPECT_GT(drop(other), kReadsOfAKnownOne) << "what another processor knows";
	drop(other);
	drop(world_.rule);
	drop(world_.rule);
	drop(world_.rule);
	EXPECT_EQ(packets(7), 4U);
	EXPECT_EQ(packets(8), 3U);
	EXPECT_NE(count().rules[rule_key(7)][0], count().rules[rule_key(7)][1]);
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
