// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/drop/display.h"

#include "fakes.h"

#include <gtest/gtest.h>

#include <array>
#include <unistd.h>

namespace nft_drops::cli::test {
namespace {

using namespace std::chrono_literals;

// A Sink that is behind when told to be, at the end of a pipe.
class FakeSink final : public Sink {
public:
	explicit FakeSink(int fd) : fd_(fd) {}
	void take(const Drop &drop) override { rules.push_back(drop.event.rule_handle); }
	[[nodiscard]] bool behind() const override { return is_pending; }
	void lost(uint64_t drops) override { lost_drops = drops; }
	void flush() override { flushed++; }
	[[nodiscard]] bool pending() const override { return is_pending; }
	void finish() override { finished++; }
	uint64_t give_up() override { return is_pending ? 5 : 0; }
	[[nodiscard]] int descriptor() const override { return fd_; }
	void hung_up() override { is_closed = true; }
	[[nodiscard]] bool closed() const override { return is_closed; }

	std::vector<uint64_t> rules;
	uint64_t lost_drops = 0;
	int flushed = 0, finished = 0;
	bool is_pending = false, is_closed = false;

private:
	int fd_;
};

class DisplayTest : public testing::Test {
protected:
	void SetUp() override {
		ASSERT_EQ(pipe(ends_.data()), 0);
		attributor_.open(1);
	}
	void TearDown() override {
		for (const int end : ends_)
			if (end >= 0) close(end);
	}
	FakeSink &add_sink(Display &display, int fd) {
		auto sink = std::make_unique<FakeSink>(fd);
		FakeSink &there = *sink;
		display.add(std::move(sink));
		return there;
	}
	void know(Display &display, uint64_t rule) {
		display.begin();
		EXPECT_TRUE(display.take(drop_by(1, rule), nullptr));
		attributor_.answer(1);
	}

	std::array<int, 2> ends_{-1, -1};
	Loop loop_;
	FakeAttributor attributor_;
	FakeNames names_;
};

// Else a drop whose text came late would be seen only with the next drop.
TEST_F(DisplayTest, ADropThatWaitedForItsTextIsFlushed) {
	Display display(loop_, attributor_, names_, {});
	FakeSink &sink = add_sink(display, -1);
	display.begin();
	EXPECT_TRUE(display.take(drop_by(1, 7), nullptr));
	display.flush();
	EXPECT_TRUE(sink.rules.empty());
	const int before = sink.flushed;
	attributor_.answer(1);
	EXPECT_EQ(sink.rules, std::vector<uint64_t>{7});
	ASSERT_TRUE(loop_.once(Loop::Clock::now() + 1s));
	EXPECT_GT(sink.flushed, before);
}

TEST_F(DisplayTest, EverySinkGetsEveryDropInTheSameOrder) {
	Display display(loop_, attributor_, names_, {});
	FakeSink &one = add_sink(display, -1);
	FakeSink &other = add_sink(display, ends_[1]);
	know(display, 7);
	know(display, 8);
	display.begin();
	display.take(drop_by(1, 7), nullptr);
	EXPECT_EQ(one.rules, (std::vector<uint64_t>{7, 8, 7}));
	EXPECT_EQ(other.rules, one.rules);
	EXPECT_EQ(display.totals().by_rule, 3U);
	display.lost(4);
	EXPECT_EQ(one.lost_drops, 4U);
}

TEST_F(DisplayTest, ASinkThatIsBehindHoldsUpNoOther) {
	Display display(loop_, attributor_, names_, {});
	FakeSink &slow = add_sink(display, ends_[1]);
	FakeSink &quick = add_sink(display, -1);
	slow.is_pending = true;
	know(display, 7);
	EXPECT_EQ(quick.rules.size(), 1U);
	EXPECT_EQ(slow.rules.size(), 1U) << "it decides itself what to do with a drop";
	EXPECT_TRUE(display.pending());
	display.flush();
	// The pipe has room: the loop says so.
	const int before = slow.flushed;
	ASSERT_TRUE(loop_.once(Loop::Clock::now() + 10s));
	EXPECT_GT(slow.flushed, before);
	EXPECT_EQ(display.give_up(), 5U);
}

TEST_F(DisplayTest, AReaderThatIsGoneEndsTheRun) {
	Display display(loop_, attributor_, names_, {});
	FakeSink &sink = add_sink(display, ends_[1]);
	close(ends_[0]);
	ends_[0] = -1;
	EXPECT_FALSE(display.closed());
	ASSERT_TRUE(loop_.once(Loop::Clock::now() + 10s));
	EXPECT_TRUE(display.closed()) << "though there was nothing to write";
	EXPECT_EQ(sink.flushed, 1);
	// And it is not told of for ever.
	ASSERT_TRUE(loop_.once(Loop::Clock::now() + 1ms));
	EXPECT_EQ(sink.flushed, 1);
	EXPECT_FALSE(display.take(drop_by(1, 7), nullptr));
}

TEST_F(DisplayTest, TakesAsManyAsWereAskedFor) {
	Display display(loop_, attributor_, names_, {.count = 2});
	FakeSink &sink = add_sink(display, -1);
	know(display, 7);
	EXPECT_FALSE(display.full());
	know(display, 8);
	EXPECT_TRUE(display.full());
	EXPECT_FALSE(display.take(drop_by(1, 7), nullptr));
	EXPECT_EQ(sink.rules.size(), 2U);
	EXPECT_EQ(display.totals().all(), 2U);
	display.finish();
	EXPECT_EQ(sink.finished, 1);
}

// The kernel did not know the rule's chain.
TEST_F(DisplayTest, CountsADropOnlyOnceItIsWanted) {
	std::optional<bool> wanted = false;
	Display display(loop_, attributor_, names_, {.count = 2, .wants = [&](const Drop &) { return wanted; }});
	FakeSink &sink = add_sink(display, -1);
	const auto ask = [&](uint64_t rule) {
		nd_event event = drop_by(1, rule);
		event.flags |= ND_FLAG_ASK_CHAIN;
		display.begin();
		EXPECT_TRUE(display.take(event, nullptr));
		attributor_.answer(1);
	};
	ask(7);
	EXPECT_EQ(display.totals().all(), 0U);
	EXPECT_TRUE(sink.rules.empty());
	wanted = true;
	ask(8);
	EXPECT_EQ(display.totals().all(), 1U);
	wanted = std::nullopt;
	ask(9);
	EXPECT_EQ(display.totals().all(), 1U);
	EXPECT_EQ(display.totals().undecided, 1U);
	EXPECT_EQ(sink.rules, (std::vector<uint64_t>{8, 9}));
}

TEST_F(DisplayTest, DropsThatAreHeldComeBeforeTheEnd) {
	Display display(loop_, attributor_, names_, {});
	FakeSink &sink = add_sink(display, -1);
	display.begin();
	display.take(drop_by(2, 7), nullptr); // nobody reads that namespace
	EXPECT_EQ(display.held(), 1U);
	EXPECT_TRUE(sink.rules.empty());
	display.give_up_held();
	EXPECT_EQ(display.held(), 0U);
	EXPECT_EQ(sink.rules.size(), 1U);
}

} // namespace
} // namespace nft_drops::cli::test
