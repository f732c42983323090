// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/text/answers.h"

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

Answer answer(const std::string &text, uint64_t from_ns, uint64_t until_ns) {
	Answer answer;
	answer.text = text;
	answer.known = true;
	answer.from_ns = from_ns;
	answer.until_ns = until_ns;
	return answer;
}

TEST(Answers, HoldFromOneTimeToTheOther) {
	Answers answers;
	nd_event event = drop();
	EXPECT_EQ(answers.find(event), nullptr);
	EXPECT_EQ(answers.keep(event, answer("drop", 400, 600)).text, "drop");
	for (const uint64_t inside : {400, 500, 600}) {
		event.time_ns = inside;
		ASSERT_NE(answers.find(event), nullptr) << inside;
		EXPECT_EQ(answers.find(event)->text, "drop");
	}
	for (const uint64_t outside : {0, 399, 601}) {
		event.time_ns = outside;
		EXPECT_EQ(answers.find(event), nullptr) << outside;
	}
}

TEST(Answers, AreOnlyForWhatTheyWereGivenFor) {
	Answers answers;
	answers.keep(drop(), answer("drop", 0, UINT64_MAX));
	const auto differs = [&](auto change) {
		nd_event event = drop();
		change(event);
		return answers.find(event) == nullptr;
	};
	EXPECT_FALSE(differs([](nd_event &e) { e.l3_len = 1; }));
	EXPECT_TRUE(differs([](nd_event &e) { e.rule_handle++; }));
	EXPECT_TRUE(differs([](nd_event &e) { e.table_handle++; }));
	EXPECT_TRUE(differs([](nd_event &e) { e.chain_handle++; }));
	EXPECT_TRUE(differs([](nd_event &e) { e.netns++; }));
	EXPECT_TRUE(differs([](nd_event &e) { e.generation++; }));
	EXPECT_TRUE(differs([](nd_event &e) { e.cause = ND_CAUSE_JUMP_LIMIT; }));
}

TEST(Answers, ThatSayNothingAboutOthersAreGivenOnce) {
	Answers answers;
	EXPECT_EQ(answers.keep(drop(), Answer{}).text, "");
	EXPECT_EQ(answers.find(drop()), nullptr);
}

TEST(Answers, TheLatestOneCounts) {
	Answers answers;
	answers.keep(drop(), answer("old", 0, 100));
	EXPECT_EQ(answers.keep(drop(), answer("new", 0, UINT64_MAX)).text, "new");
	ASSERT_NE(answers.find(drop()), nullptr);
	EXPECT_EQ(answers.find(drop())->text, "new");
}

TEST(Answers, AreBounded) {
	Answers answers;
	nd_event event = drop();
	const std::string text(1 << 20, 'x');
	for (size_t i = 0; i <= Answers::kMostBytes / text.size() + 1; i++) {
		event.rule_handle = i;
		answers.keep(event, answer(text, 0, UINT64_MAX));
		ASSERT_NE(answers.find(event), nullptr);
	}
	event.rule_handle = 0;
	EXPECT_EQ(answers.find(event), nullptr);
}

} // namespace
} // namespace nft_drops
