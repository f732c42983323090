// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/drop/drop_completer.h"

#include "fakes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>

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

TEST_F(Completer, APortIsNamedWhereTheKernelKeepsItsNumberOnly) {
	uint32_t iif = 0;
	const auto name_of_port = [&](uint32_t netns, uint32_t port, const char *by_kernel) {
		nd_event event{};
		event.iif = iif;
		event.cause = ND_CAUSE_OTHER;
		event.netns = netns;
		event.physin = port;
		strncpy(event.physin_name, by_kernel, sizeof(event.physin_name));
		add(event);
		return std::string(complete_.back().event.physin_name);
	};
	EXPECT_EQ(name_of_port(1, 5, ""), "vnet1");
	EXPECT_EQ(name_of_port(1, 5, "eth9"), "eth9");
	EXPECT_EQ(name_of_port(1, 6, ""), "") << "no such device";
	EXPECT_EQ(name_of_port(2, 5, ""), "") << "another namespace";
	EXPECT_EQ(name_of_port(1, 0, ""), "");
	iif = 5;
	EXPECT_EQ(name_of_port(1, 5, ""), "") << "nobody is told of a port that is iif itself";
}

// As they follow an event in the ring.
struct EventWithDetails {
	nd_event event{};
	nd_path path{};
	nd_details details{};
};

TEST_F(Completer, DetailsAreAskedForEachDrop) {
	attributor_.open(1);
	EventWithDetails with;
	with.event = drop_by(1, 7);
	with.event.flags |= ND_FLAG_PATH;
	with.path.details = 1;
	for (const nd_u32 mark : {5U, 6U}) {
		with.details.mark = mark;
		add(with.event, &with.path);
		EXPECT_EQ(shown(), Shown());
		attributor_.answer(1);
		ASSERT_EQ(complete_.size(), 1U);
		ASSERT_TRUE(complete_[0].details);
		EXPECT_EQ(complete_[0].details->seen.mark, mark);
		EXPECT_TRUE(complete_[0].details->socket_sought) << "that is from the reply";
		EXPECT_EQ(shown(), Shown({"1:rule 7"}));
	}
	// Nobody answers in time: the text is known from another drop, and what the probe saw is known, too.
	const auto begin = Loop::Clock::now();
	add(with.event, &with.path);
	while (completer_.held() > 0 && Loop::Clock::now() < begin + 60s)
		ASSERT_TRUE(loop_.once(begin + 60s));
	ASSERT_EQ(complete_.size(), 1U);
	ASSERT_TRUE(complete_[0].details);
	EXPECT_EQ(complete_[0].details->seen.mark, 6U);
	EXPECT_FALSE(complete_[0].details->socket_sought);
	EXPECT_EQ(shown(), Shown({"1:rule 7"}));
	add(drop_by(1, 7));
	ASSERT_EQ(complete_.size(), 1U);
	EXPECT_FALSE(complete_[0].details) << "nothing is left over from the one before";
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

class CompleterWithCaptures : public Completer {
protected:
	// An event as it lies in the ring: the packet's bytes behind it.
	void add(uint32_t netns, uint64_t rule, uint32_t kept, uint8_t byte) {
		std::vector<uint64_t> place((sizeof(nd_event) + sizeof(nd_capture) + kept) / 8 + 1);
		auto *event = reinterpret_cast<nd_event *>(place.data());
		*event = drop_by(netns, rule);
		event->flags |= ND_FLAG_CAPTURE;
		auto *capture = reinterpret_cast<nd_capture *>(event + 1);
		capture->kept = kept;
		memset(capture->bytes, byte, kept);
		completer_.begin();
		completer_.add(*event, nullptr);
		std::ranges::fill(place, 0xeeeeeeeeeeeeeeee); // another event's place now
	}
	std::vector<std::string> packets_;
	DropCompleter completer_{loop_, attributor_, names_, true, [this](const Drop &drop) {
		                         packets_.emplace_back(reinterpret_cast<const char *>(drop.capture->bytes),
		                                               drop.capture->kept);
	                         }};
};

TEST_F(CompleterWithCaptures, APacketsBytesAreKeptWhileItsDropIsHeld) {
	attributor_.open(1);
	add(1, 7, 100, 'a');
	add(1, 8, 3, 'b');
	EXPECT_TRUE(packets_.empty());
	attributor_.answer(1);
	attributor_.answer(1);
	EXPECT_EQ(packets_, (std::vector<std::string>{std::string(100, 'a'), "bbb"}));
	// From then on nothing is held, and nothing is copied.
	add(1, 7, 2, 'c');
	EXPECT_EQ(packets_.back(), "cc");
}

TEST_F(CompleterWithCaptures, BytesOfHeldDropsAreBounded) {
	constexpr uint32_t kEach = 1 << 20;
	constexpr size_t kFit = DropCompleter::kMostCaptureBytes / (kEach + sizeof(nd_capture));
	for (size_t i = 0; i < kFit; i++)
		add(1, 7, kEach, static_cast<uint8_t>(i));
	EXPECT_TRUE(packets_.empty());
	EXPECT_FALSE(completer_.full());
	add(1, 7, kEach, 99); // the oldest one is shown without its rule's text
	ASSERT_EQ(packets_.size(), 1U);
	EXPECT_EQ(packets_[0], std::string(kEach, '\0'));
	// Another namespace has a share of its own.
	add(2, 7, kEach, 'x');
	EXPECT_EQ(packets_.size(), 1U);
	completer_.give_up();
	EXPECT_EQ(packets_.size(), kFit + 2);
	EXPECT_FALSE(completer_.full());
}

} // namespace
} // namespace nft_drops::cli::test
