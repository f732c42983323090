// SPDX-License-Identifier: GPL-2.0-only
#include "jit/base/debug.h"

#include <gtest/gtest.h>

namespace nft_drops::jit_test {
namespace {

std::string written(std::string_view topics, DebugTopic topic, std::string_view text) {
	set_debug_topics(*parse_debug_topics(topics));
	testing::internal::CaptureStderr();
	debug(topic, text);
	set_debug_topics(0);
	return testing::internal::GetCapturedStderr();
}

TEST(Debug, EachTopicHasItsNameAndBit) {
	DebugTopics all = 0;
	for (const std::string_view name : kDebugTopics) {
		const auto topic = parse_debug_topics(name);
		ASSERT_TRUE(topic.has_value()) << name;
		EXPECT_EQ(all & *topic, 0) << name;
		all |= *topic;
	}
	EXPECT_EQ(parse_debug_topics("times,netlink,verifier,ir,plan").value(), all);
	EXPECT_EQ(parse_debug_topics("plan,plan").value(), parse_debug_topics("plan").value());
}

TEST(Debug, AnUnknownWordIsNamedInOneLine) {
	for (const auto &[list, word] :
	     {std::pair{"plan,verfier", "verfier"}, {"", ""}, {"plan,", ""}, {"all", "all"}}) {
		const auto topics = parse_debug_topics(list);
		ASSERT_FALSE(topics.has_value()) << list;
		EXPECT_EQ(topics.error().message(),
		          std::string("--debug ") + word +
		                  ": no such topic; the topics are plan, ir, verifier, netlink, times");
		EXPECT_EQ(topics.error().exit_status(), 1);
	}
}

TEST(Debug, WritesTheLinesOfTopicsThatAreOn) {
	EXPECT_EQ(written("plan,ir", DebugTopic::kIr, "one\ntwo\n"), "debug ir: one\ndebug ir: two\n");
	EXPECT_EQ(written("plan,ir", DebugTopic::kIr, "no newline"), "debug ir: no newline\n");
	EXPECT_EQ(written("plan,ir", DebugTopic::kTimes, "one\n"), "");
}

// Names of tables are part of what is told, and whoever may make a table may name it.
TEST(Debug, ControlCharactersAreNotPassedOn) {
	EXPECT_EQ(written("netlink", DebugTopic::kNetlink, "\tget table \"\x1b[2J\r\x7f\""),
	          "debug netlink: \tget table \"?[2J??\"\n");
}

} // namespace
} // namespace nft_drops::jit_test
