// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/text/escape.h"

#include <gtest/gtest.h>

namespace nft_drops {
namespace {

using namespace std::string_view_literals;

std::string escaped(std::string_view text, Escape escape) {
	std::string out;
	append_escaped(out, text, escape);
	return out;
}

TEST(Escape, HarmlessTextKeepsItsBytes) {
	for (const std::string_view text : {""sv, "tcp dport 10000 drop"sv, "comment \"caf\xc3\xa9\""sv,
	                                    "\xe6\x97\xa5\xe6\x9c\xac"sv, "\xf0\x9f\x94\xa5"sv, "\xc2\xa0"sv}) {
		EXPECT_EQ(escaped(text, Escape::kText), text);
		EXPECT_TRUE(is_harmless(text, Escape::kText));
	}
}

TEST(Escape, ControlCharacters) {
	for (const Escape mode : {Escape::kText, Escape::kWord, Escape::kQuoted}) {
		EXPECT_EQ(escaped("\x1b[2J", mode), "\\x1b[2J");
		EXPECT_EQ(escaped("a\nb\rc", mode), "a\\nb\\rc");
		EXPECT_EQ(escaped("\0\x07\x08\x7f"sv, mode), "\\x00\\x07\\x08\\x7f");
		EXPECT_FALSE(is_harmless("\x1b", mode));
	}
}

TEST(Escape, EveryC0AndDel) {
	for (int byte = 0; byte < 0x20; ++byte) {
		const char text[] = {static_cast<char>(byte)};
		const std::string out = escaped({text, 1}, Escape::kQuoted);
		EXPECT_EQ(out[0], '\\') << byte;
	}
}

// ESC [ has a one-byte form (0x9b), in UTF-8 the two bytes c2 9b: terminals obey both.
TEST(Escape, C1) {
	EXPECT_EQ(escaped("\x9b[2J", Escape::kText), "\\x9b[2J");
	EXPECT_EQ(escaped("\xc2\x9b[2J", Escape::kText), "\\u009b[2J");
	EXPECT_EQ(escaped("\xc2\x80\xc2\x9f", Escape::kText), "\\u0080\\u009f");
}

TEST(Escape, SeparatorsAndDirections) {
	EXPECT_EQ(escaped("\xe2\x80\xa8\xe2\x80\xa9", Escape::kText), "\\u2028\\u2029");
	EXPECT_EQ(escaped("\xe2\x80\xaa\xe2\x80\xae", Escape::kText), "\\u202a\\u202e");
	EXPECT_EQ(escaped("\xe2\x81\xa6\xe2\x81\xa9", Escape::kText), "\\u2066\\u2069");
	EXPECT_EQ(escaped("\xd8\x9c\xe2\x80\x8e\xe2\x80\x8f", Escape::kText), "\\u061c\\u200e\\u200f");
	// Their neighbours are ordinary.
	EXPECT_EQ(escaped("\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xaa", Escape::kText),
	          "\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xaa");
}

TEST(Escape, InvalidUtf8) {
	EXPECT_EQ(escaped("\xff\xfe", Escape::kText), "\\xff\\xfe");
	EXPECT_EQ(escaped("\xc3", Escape::kText), "\\xc3");          // ends early
	EXPECT_EQ(escaped("\xc3(", Escape::kText), "\\xc3(");        // no continuation
	EXPECT_EQ(escaped("\xc0\x9b", Escape::kText), "\\xc0\\x9b"); // overlong
	EXPECT_EQ(escaped("\xe0\x80\x9b", Escape::kText), "\\xe0\\x80\\x9b");
	EXPECT_EQ(escaped("\xed\xa0\x80", Escape::kText), "\\xed\\xa0\\x80");          // a surrogate
	EXPECT_EQ(escaped("\xf4\x90\x80\x80", Escape::kText), "\\xf4\\x90\\x80\\x80"); // above U+10FFFF
	EXPECT_EQ(escaped("\xf4\x8f\xbf\xbf", Escape::kText), "\xf4\x8f\xbf\xbf");
	EXPECT_EQ(escaped("\x80", Escape::kText), "\\x80");
}

TEST(Escape, ModesDiffer) {
	EXPECT_EQ(escaped("a \"b\"\\\t", Escape::kText), "a \"b\"\\\t");
	EXPECT_EQ(escaped("a \"b\"\\\t", Escape::kWord), "a\\x20\"b\"\\\\t");
	EXPECT_EQ(escaped("a \"b\"\\\t", Escape::kQuoted), "a \\\"b\\\"\\\\\\t");
}

// is_harmless() looks at several bytes at a time.
TEST(Escape, EveryByteIsSeenAtEveryPlace) {
	for (const char around : {' ', '~', 'a'}) {
		for (size_t place = 0; place < 20; place++) {
			for (int byte = 0; byte < 256; byte++) {
				std::string text(20, around), escaped;
				text[place] = static_cast<char>(byte);
				append_escaped(escaped, text, Escape::kText);
				EXPECT_EQ(is_harmless(text, Escape::kText), escaped == text) << byte << " at " << place;
			}
		}
	}
}

TEST(Escape, HarmlessMeansUnchanged) {
	for (int first = 0; first < 256; ++first) {
		for (int second = 0; second < 256; ++second) {
			const char text[] = {'x', static_cast<char>(first), static_cast<char>(second)};
			for (const Escape mode : {Escape::kText, Escape::kWord, Escape::kQuoted}) {
				const std::string_view view(text, sizeof(text));
				EXPECT_EQ(is_harmless(view, mode), escaped(view, mode) == view);
			}
		}
	}
}

} // namespace
} // namespace nft_drops
