// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/loop/loop.h"

#include <gtest/gtest.h>

#include <array>
#include <unistd.h>

namespace nft_drops {
namespace {

using namespace std::chrono_literals;

class LoopTest : public testing::Test {
protected:
	void SetUp() override {
		ASSERT_EQ(pipe(a_.data()), 0);
		ASSERT_EQ(pipe(b_.data()), 0);
	}
	void TearDown() override {
		for (const int fd : {a_[0], a_[1], b_[0], b_[1]})
			if (fd >= 0) close(fd);
	}
	static void fill(const std::array<int, 2> &pipe) { ASSERT_EQ(write(pipe[1], "x", 1), 1); }
	static void empty(const std::array<int, 2> &pipe) {
		char byte = 0;
		ASSERT_EQ(read(pipe[0], &byte, 1), 1);
	}
	// Runs what is there, without waiting.
	void turn() { ASSERT_TRUE(loop_.once(Loop::Clock::now())); }

	Loop loop_;
	std::array<int, 2> a_{-1, -1}, b_{-1, -1};
};

TEST_F(LoopTest, AReadyDescriptorIsHandedOnUntilItIsEmpty) {
	int called = 0;
	loop_.watch(a_[0], POLLIN, [&](short events) {
		EXPECT_EQ(events, POLLIN);
		called++;
	});
	turn();
	EXPECT_EQ(called, 0);
	fill(a_);
	turn();
	turn();
	EXPECT_EQ(called, 2);
	empty(a_);
	turn();
	EXPECT_EQ(called, 2);
}

TEST_F(LoopTest, NoDescriptorKeepsOthersFromTheirTurn) {
	int busy = 0, other = 0, timer = 0;
	loop_.watch(a_[0], POLLIN, [&](short) { busy++; }); // never reads: always ready
	loop_.watch(b_[0], POLLIN, [&](short) { other++; });
	loop_.at(Loop::Clock::now(), [&] { timer++; });
	fill(a_);
	fill(b_);
	turn();
	EXPECT_EQ(busy, 1);
	EXPECT_EQ(other, 1);
	EXPECT_EQ(timer, 1);
}

TEST_F(LoopTest, WantChangesWhatIsWaitedFor) {
	int called = 0;
	loop_.watch(a_[0], 0, [&](short) { called++; });
	fill(a_);
	turn();
	EXPECT_EQ(called, 0);
	loop_.want(a_[0], POLLIN);
	turn();
	EXPECT_EQ(called, 1);
}

TEST_F(LoopTest, TheOtherEndGoneIsToldWithoutBeingWanted) {
	short got = 0;
	loop_.watch(a_[1], 0, [&](short events) { got = events; });
	close(a_[0]);
	a_[0] = -1;
	turn();
	EXPECT_EQ(got, POLLERR);
}

TEST_F(LoopTest, AHandlerMayForgetItselfAndOthers) {
	int first = 0, second = 0;
	loop_.watch(a_[0], POLLIN, [&](short) {
		first++;
		loop_.forget(b_[0]);
		loop_.forget(a_[0]);
	});
	loop_.watch(b_[0], POLLIN, [&](short) { second++; });
	fill(a_);
	fill(b_);
	turn();
	turn();
	EXPECT_EQ(first, 1);
	EXPECT_EQ(second, 0) << "it was forgotten before its turn";
}

TEST_F(LoopTest, AHandlerMayRegisterAnother) {
	int called = 0;
	loop_.watch(a_[0], POLLIN, [&](short) {
		loop_.forget(a_[0]);
		loop_.watch(b_[0], POLLIN, [&](short) { called++; });
	});
	fill(a_);
	fill(b_);
	turn();
	turn();
	EXPECT_EQ(called, 1);
}

TEST_F(LoopTest, TimersRunInTheirOrderAndOnce) {
	std::string order;
	const auto now = Loop::Clock::now();
	loop_.at(now + 2ms, [&] { order += 'b'; });
	loop_.at(now + 1ms, [&] { order += 'a'; });
	const auto cancelled = loop_.at(now + 1ms, [&] { order += 'x'; });
	loop_.at(now + 3ms, [&] {
		order += 'c';
		loop_.stop();
	});
	EXPECT_NE(cancelled, 0U);
	loop_.cancel(cancelled);
	loop_.cancel(0);
	ASSERT_TRUE(loop_.run());
	EXPECT_EQ(order, "abc");
	EXPECT_GE(Loop::Clock::now(), now + 3ms);
	turn();
	EXPECT_EQ(order, "abc");
}

TEST_F(LoopTest, ATimerMayCancelAndStartOthers) {
	std::string order;
	Loop::Timer second = 0;
	const auto now = Loop::Clock::now();
	loop_.at(now, [&] {
		order += 'a';
		loop_.cancel(second);
		loop_.at(now, [&] { order += 'c'; }); // due already, but descriptors have their turn before
	});
	second = loop_.at(now, [&] { order += 'b'; });
	turn();
	EXPECT_EQ(order, "a");
	turn();
	EXPECT_EQ(order, "ac");
}

TEST_F(LoopTest, OnceReturnsAtTheLatestTime) {
	loop_.watch(a_[0], POLLIN, [](short) {});
	const auto latest = Loop::Clock::now() + 5ms;
	ASSERT_TRUE(loop_.once(latest));
	EXPECT_GE(Loop::Clock::now(), latest);
}

} // namespace
} // namespace nft_drops
