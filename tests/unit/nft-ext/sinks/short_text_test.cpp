// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/sinks/short_text.h"

#include <gtest/gtest.h>

namespace nft_drops::test {
namespace {

std::string addresses(size_t count, const std::string &behind = "") {
	std::string all;
	for (size_t i = 0; i < count; i++)
		all += (i ? ", " : "") + std::string("10.0.") + std::to_string(i / 256) + "." +
		       std::to_string(i % 256) + behind;
	return all;
}

TEST(ShortText, MostElementsAreLeftOut) {
	const ShortText s = shortened("ip saddr { " + addresses(3000) + " } tcp dport 22 drop comment \"a\"");
	EXPECT_EQ(s.text, "ip saddr { 10.0.0.0, 10.0.0.1, 10.0.0.2 } tcp dport 22 drop comment \"a\"");
	EXPECT_EQ(s.left_out, 2997U);
}

TEST(ShortText, EachOfSeveralSets) {
	const ShortText s =
	        shortened("ip saddr { " + addresses(100) + " } ip daddr vmap { " + addresses(50, " : drop") + " }");
	EXPECT_EQ(s.text, "ip saddr { 10.0.0.0, 10.0.0.1, 10.0.0.2 } ip daddr vmap { 10.0.0.0 : drop, 10.0.0.1 : drop, "
	                  "10.0.0.2 : drop }");
	EXPECT_EQ(s.left_out, 97U + 47U);
}

TEST(ShortText, WhatIsShortStaysWhole) {
	const std::string rule = "tcp dport { 1, 2, 3, 4, 5 } drop";
	EXPECT_EQ(shortened(rule).text, rule);
	EXPECT_EQ(shortened(rule).left_out, 0U);
	const std::string comment = "drop comment \"" + std::string(2 * kWhole, 'x') + "\"";
	EXPECT_EQ(shortened(comment).text, comment) << "no braces, nothing to leave out";
	EXPECT_EQ(shortened("").text, "");
}

// Commas, braces and elements' ends between quotes are no such thing.
TEST(ShortText, Strings) {
	const std::string set = "iifname { \"a,b}\", \"{\", \"c\", \"d\", " + addresses(200) + " } drop";
	EXPECT_EQ(shortened(set).text, "iifname { \"a,b}\", \"{\", \"c\" } drop");
	const std::string prefix = "log prefix \"{ 1, 2, 3, 4\" ip saddr { " + addresses(200) + " } drop";
	EXPECT_EQ(shortened(prefix).text, "log prefix \"{ 1, 2, 3, 4\" ip saddr { 10.0.0.0, 10.0.0.1, 10.0.0.2 } drop");
}

TEST(ShortText, RulesBetweenBracesStay) {
	const std::string rule =
	        "jump {\n\t\t\tip saddr { " + addresses(200) + " } drop\n\t\t\ttcp dport 1, drop\n\t\t}";
	EXPECT_EQ(shortened(rule).text, rule);
}

// Whatever the text is, an end is found.
TEST(ShortText, BracesThatDoNotMatch) {
	const std::string open = "ip saddr { " + addresses(200);
	EXPECT_EQ(shortened(open).text, open);
	const std::string closed = std::string(kWhole, '}') + "{ \"";
	EXPECT_EQ(shortened(closed).text, closed);
}

} // namespace
} // namespace nft_drops::test
