// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/drop/drop_completer.h"

#include "fakes.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace nft_drops::cli::test {
namespace {

using namespace std::chrono_literals;

class Completer : public testing::Test {
protected:
	void add(const nd_event &event, const nd_path *path = nullptr) {
		completer_.begin();
		completer_.add(event, path);
	}
	// "netns:text" of each complete drop; "?" for a text that was not read in time.
	std::vector<std::string> shown() {
		std::vector<std::string> all;
		for (const Drop &drop : std::exchange(complete_, {})) {
			EXPECT_TRUE(drop.attribution);
			all.push_back(std::to_string(drop.event.netns) + ":" +
			              (drop.attribution->unread ? "?" : drop.attribution->text));
		}
		return all;
	}
	// As the monitor does.
	void run_for(std::chrono::milliseconds time) {
		const auto end = Loop::Clock::now() + time;
		while (Loop::Clock::now() < end)
			ASSERT_TRUE(loop_.once(end));
	}
	using Shown = std::vector<std::string>;

	Loop loop_;
	FakeAttributor attributor_;
	FakeNames names_;
	std::vector<Drop> complete_;
	DropCompleter completer_{loop_, attributor_, names_, true,
	                         [this](const Drop &drop) { complete_.push_back(drop); }};
};

TEST_F(Completer, WhatIsKnownIsHandedOnAtOnce) {
	attributor_.open(1);
	add(drop_by(1, 7));
	EXPECT_EQ(shown(), Shown());
	EXPECT_EQ(completer_.held(), 1U);
	attributor_.answer(1);
	EXPECT_EQ(shown(), Shown({"1:rule 7"}));
	EXPECT_EQ(completer_.held(), 0U);
	add(drop_by(1, 7));
	EXPECT_EQ(shown(), Shown({"1:rule 7"}));
	EXPECT_EQ(attributor_.asked().size(), 1U);
}

TEST_F(Completer, EveryFieldIsFilledIn) {
	attributor_.open(5);
	nd_event event = drop_by(5, 7);
	event.expr_ops = 1;
	nd_path path{};
	add(event, &path);
	attributor_.answer(5);
	ASSERT_EQ(complete_.size(), 1U);
	EXPECT_EQ(complete_[0].expression, "masq");
	EXPECT_EQ(complete_[0].netns_name, "ns5");
	EXPECT_EQ(complete_[0].location, "");
	ASSERT_TRUE(complete_[0].path);
	EXPECT_EQ(complete_[0].path->front().handle, 7U);
	EXPECT_LT(std::chrono::system_clock::now() - complete_[0].time - (Loop::Clock::now().time_since_epoch()), 1h)
	        << "time_ns was 0: the machine's start";
	nd_event other{};
	other.cause = ND_CAUSE_OTHER;
	other.location = 2;
	add(other);
	ASSERT_EQ(complete_.size(), 2U);
	EXPECT_EQ(complete_[1].location, "nf_hook_slow");
	EXPECT_EQ(complete_[1].expression, "") << "nothing is left over from the one before";
	EXPECT_FALSE(complete_[1].path);
}

TEST_F(Completer, DropsOfOneNamespaceStayInOrder) {
	attributor_.open(1);
	add(drop_by(1, 7));
	add(drop_by(1, 8));
	add(drop_by(1, 7));
	add(drop_by(1, 9));
	EXPECT_EQ(attributor_.asked(), (std::vector<uint64_t>{7, 8, 9})) << "the same is asked once";
	attributor_.answer(1);
	EXPECT_EQ(shown(), Shown({"1:rule 7"}));
	attributor_.answer(1);
	EXPECT_EQ(shown(), Shown({"1:rule 8", "1:rule 7"}));
	nd_event other = drop_by(1, 0);
	other.cause = ND_CAUSE_OTHER;
	add(other);
	EXPECT_EQ(shown(), Shown()) << "it needs no answer, but its turn comes after rule 9";
	attributor_.answer(1);
	EXPECT_EQ(shown(), Shown({"1:rule 9", "1:"}));
}

TEST_F(Completer, NoNamespaceDelaysAnother) {
	attributor_.open(2);
	for (int i = 0; i < 100; i++)
		add(drop_by(1, 7)); // nobody reads its ruleset
	for (int i = 0; i < 3; i++) {
		add(drop_by(2, 7));
		if (i == 0) attributor_.answer(2);
		EXPECT_EQ(shown(), Shown({"2:rule 7"}));
	}
	EXPECT_EQ(completer_.held(), 100U);
}

TEST_F(Completer, AReplyThatHoldsForOneDropOnlyIsAskedForAgain) {
	attributor_.open(1);
	add(drop_by(1, 7));
	add(drop_by(1, 7));
	attributor_.answer(1, false);
	EXPECT_EQ(shown(), Shown({"1:rule 7"}));
	EXPECT_EQ(attributor_.asked(), (std::vector<uint64_t>{7, 7}));
	attributor_.answer(1, false);
	EXPECT_EQ(shown(), Shown({"1:rule 7"}));
}

TEST_F(Completer, WhatIsNotReadInTimeIsShownWithoutItsText) {
	attributor_.open(1);
	const auto begin = Loop::Clock::now();
	add(drop_by(1, 7));
	add(drop_by(1, 8));
	while (completer_.held() > 0 && Loop::Clock::now() < begin + 60s)
		ASSERT_TRUE(loop_.once(begin + 60s));
	EXPECT_GE(Loop::Clock::now(), begin + DropCompleter::kHoldFor);
	EXPECT_EQ(shown(), Shown({"1:?", "1:?"}));
	// The replies come late: they are for nobody, and mix nothing up.
	add(drop_by(1, 9));
	attributor_.answer(1);
	attributor_.answer(1);
	EXPECT_EQ(shown(), Shown());
	attributor_.answer(1);
	EXPECT_EQ(shown(), Shown({"1:rule 9"}));
}

TEST_F(Completer, AProcessThatDiesIsAskedAgain) {
	attributor_.open(1);
	add(drop_by(1, 7));
	add(drop_by(1, 8));
	attributor_.answer(1);
	EXPECT_EQ(shown(), Shown({"1:rule 7"}));
	attributor_.die(1);
	EXPECT_EQ(completer_.held(), 1U);
	attributor_.open(1);
	EXPECT_EQ(attributor_.asked(), (std::vector<uint64_t>{7, 8, 8}));
	attributor_.answer(1);
	EXPECT_EQ(shown(), Shown({"1:rule 8"}));
}

TEST_F(Completer, WhatIsHeldIsBoundedAndSharedOut) {
	for (uint64_t i = 0; i < DropCompleter::kMostHeld + 1000; i++)
		add(drop_by(1, i));
	EXPECT_LE(completer_.held(), DropCompleter::kMostHeld);
	EXPECT_EQ(shown().size(), 1000U) << "the oldest ones are shown";
	// A second one gets room at the first one's cost.
	for (uint64_t i = 0; i < 100; i++)
		add(drop_by(2, i));
	add(drop_by(1, 0));
	EXPECT_LE(completer_.held(), DropCompleter::kMostHeld / 2 + 100);
	const auto given_up = shown();
	EXPECT_EQ(std::ranges::count(given_up, "2:?"), 0);
	EXPECT_GT(std::ranges::count(given_up, "1:?"), 0);
	const size_t rest = completer_.held();
	completer_.give_up();
	EXPECT_EQ(completer_.held(), 0U);
	EXPECT_EQ(shown().size(), rest);
}

} // namespace
} // namespace nft_drops::cli::test
