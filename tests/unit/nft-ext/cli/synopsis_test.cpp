// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/cli/synopsis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

using namespace nft_drops::cli;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

namespace {

using Words = std::vector<std::string_view>;

std::vector<std::string> next(const char *synopsis, const Words &words) {
	std::vector<std::string> tokens;
	for (const auto &e : Synopsis(synopsis).match(words).next)
		tokens.emplace_back(e.token);
	return tokens;
}

bool whole(const char *synopsis, const Words &words) {
	return Synopsis(synopsis).match(words).whole;
}

TEST(Synopsis, WordsInOrder) {
	EXPECT_TRUE(whole("list ruleset", {"list", "ruleset"}));
	EXPECT_FALSE(whole("list ruleset", {"list"}));
	EXPECT_FALSE(whole("list ruleset", {"list", "ruleset", "more"}));
	EXPECT_EQ(Synopsis("list ruleset").match(Words{"list", "ruleset", "more"}).fitting, 2U);
	EXPECT_THAT(next("list ruleset", {"list"}), ElementsAre("ruleset"));
}

TEST(Synopsis, Alternatives) {
	EXPECT_THAT(next("count start|stop|reset", {"count"}), UnorderedElementsAre("start", "stop", "reset"));
	EXPECT_TRUE(whole("count start|stop|reset", {"count", "stop"}));
	EXPECT_FALSE(whole("count start|stop|reset", {"count", "start", "stop"}));
	EXPECT_TRUE(whole("a (b c)|(d [e]) f", {"a", "d", "f"}));
	EXPECT_TRUE(whole("a (b c)|(d [e]) f", {"a", "b", "c", "f"}));
	EXPECT_FALSE(whole("a (b c)|(d [e]) f", {"a", "b", "f"}));
}

TEST(Synopsis, WhatMayBeMissing) {
	EXPECT_TRUE(whole("a [b] c", {"a", "c"}));
	EXPECT_TRUE(whole("a [b] c", {"a", "b", "c"}));
	EXPECT_FALSE(whole("a [b] c", {"a", "b", "b", "c"}));
	EXPECT_THAT(next("a [b [c]]", {"a", "b"}), ElementsAre("c"));
	EXPECT_TRUE(whole("[a]", {}));
}

TEST(Synopsis, Repetition) {
	EXPECT_TRUE(whole("a MATCH...", {"a", "x", "y", "z"}));
	EXPECT_FALSE(whole("a MATCH...", {"a"}));
	EXPECT_TRUE(whole("a [MATCH...]", {"a"}));
	EXPECT_TRUE(whole("(a b)... c", {"a", "b", "a", "b", "c"}));
	EXPECT_FALSE(whole("(a b)... c", {"a", "b", "a", "c"}));
}

TEST(Synopsis, AFamilyIsOptional) {
	const char *text = "list chain [FAMILY] TABLE CHAIN";
	EXPECT_THAT(next(text, {"list", "chain"}), UnorderedElementsAre("FAMILY", "TABLE"));
	// "inet" may be the family, or a table of that name in family ip.
	EXPECT_THAT(next(text, {"list", "chain", "inet"}), UnorderedElementsAre("TABLE", "CHAIN"));
	EXPECT_THAT(next(text, {"list", "chain", "filter"}), ElementsAre("CHAIN"));
	const auto match = Synopsis(text).match(Words{"list", "chain", "inet", "filter"});
	bool seen = false;
	for (const auto &e : match.next) {
		if (e.of("FAMILY") != "inet") continue;
		seen = true;
		EXPECT_EQ(e.token, "CHAIN");
		EXPECT_EQ(e.of("TABLE"), "filter");
	}
	EXPECT_TRUE(seen);
}

TEST(Synopsis, NumbersAreNumbers) {
	EXPECT_TRUE(whole("x handle HANDLE", {"x", "handle", "7"}));
	EXPECT_FALSE(whole("x handle HANDLE", {"x", "handle", "seven"}));
}

} // namespace
