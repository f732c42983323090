// SPDX-License-Identifier: GPL-2.0-only
// Labels of hostile bytes are valid UTF-8, without control characters, and at most 1,024 bytes.
#include "nft-ext/metrics/label.h"

#include "nft-ext/text/utf8.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace nft_drops {
namespace {

bool is_fine(std::string_view label) {
	if (label.size() > 1024) return false;
	while (!label.empty()) {
		const CodePoint c = decode_utf8(label);
		if (c.bytes == 0 || c.value < 0x20 || (c.value >= 0x7f && c.value < 0xa0)) return false;
		label.remove_prefix(c.bytes);
	}
	return true;
}

TEST(MetricsLabel, OrdinaryTextIsUnchanged) {
	for (const char *text : {"", "tcp dport 22 drop", "Grüße, 世界 😀", "log prefix \"a\\b\" drop"})
		EXPECT_EQ(text_label(text), text);
	EXPECT_EQ(name_label("filter-1_x.y"), "filter-1_x.y");
}

TEST(MetricsLabel, ControlCharactersAreEscaped) {
	EXPECT_EQ(text_label("a\nb\tc\x1b[31m"), "a\\nb\\tc\\x1b[31m");
	EXPECT_EQ(text_label("\xc2\x85"), "\\u0085");
	EXPECT_EQ(text_label("\xe2\x80\xae"), "\\u202e");
}

TEST(MetricsLabel, BytesThatAreNotUtf8AreEscaped) {
	EXPECT_EQ(text_label("a\xff\xc3"), "a\\xff\\xc3");
	EXPECT_EQ(text_label("\xc0\xaf"), "\\xc0\\xaf") << "overlong";
	EXPECT_EQ(text_label("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
}

TEST(MetricsLabel, IsCutBeforeTheCharacterThatDoesNotFit) {
	EXPECT_EQ(text_label(std::string(1024, 'a')), std::string(1024, 'a'));
	EXPECT_EQ(text_label(std::string(1025, 'a')), std::string(1024, 'a'));
	// Of the two bytes of "ü", one would fit.
	EXPECT_EQ(text_label(std::string(1023, 'a') + "ü"), std::string(1023, 'a'));
	EXPECT_EQ(text_label(std::string(1022, 'a') + "üb"), std::string(1022, 'a') + "ü");
	// Nor is an escape torn apart.
	EXPECT_EQ(text_label(std::string(1021, 'a') + "\x01"), std::string(1021, 'a'));
}

TEST(MetricsLabel, AnyBytesMakeAFineLabel) {
	uint32_t state = 1;
	for (int i = 0; i < 2000; i++) {
		std::string text;
		const size_t size = i % 1500;
		while (text.size() < size)
			text += static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
		EXPECT_TRUE(is_fine(text_label(text))) << i;
		EXPECT_TRUE(is_fine(name_label(text))) << i;
	}
}

// Two tables of different names must never have one label: their series would be one.
TEST(MetricsLabel, DifferentNamesStayDifferent) {
	const std::string names[] = {"a\nb",  "a\\nb", "a\\\\nb", "a\"b",    "a\\\"b",       "a\tb",
	                             "a\\tb", "\xff",  "\\xff",   "\\\\xff", "\xe2\x80\xae", "\\u202e"};
	std::set<std::string> labels;
	for (const std::string &name : names)
		labels.insert(name_label(name));
	EXPECT_EQ(labels.size(), std::size(names));
	// The longest that nf_tables allows, of bytes that take the most room.
	const std::string longest = name_label(std::string(254, '\xff') + "a");
	EXPECT_TRUE(longest.ends_with("\\xffa")) << "nothing is cut";
}

} // namespace
} // namespace nft_drops
