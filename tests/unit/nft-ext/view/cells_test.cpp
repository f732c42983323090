// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/view/cells.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <clocale>
#include <numeric>

namespace nft_drops {
namespace {

using testing::ElementsAre;

class Cells : public testing::Test {
protected:
	void SetUp() override { ASSERT_NE(std::setlocale(LC_CTYPE, "C.UTF-8"), nullptr); }
	void TearDown() override { std::setlocale(LC_CTYPE, "C"); }
};

TEST_F(Cells, FillsUpAndCuts) {
	EXPECT_EQ(fit("drop", 6), "drop  ");
	EXPECT_EQ(fit("drop", 4), "drop");
	EXPECT_EQ(fit("drop", 3), "dr>");
	EXPECT_EQ(fit("drop", 1), ">");
	EXPECT_EQ(fit("drop", 0), "");
	EXPECT_EQ(fit_right("drop", 6), "  drop");
	EXPECT_EQ(fit_right("drop", 2), "d>");
}

TEST_F(Cells, WideCharactersTakeTwoColumns) {
	EXPECT_EQ(columns_of("防火墙"), 6U);
	EXPECT_EQ(fit("防火墙", 7), "防火墙 ");
	EXPECT_EQ(fit("防火墙", 6), "防火墙");
	EXPECT_EQ(fit("防火墙", 5), "防火>");
	// Half of a character is none: the mark stands where it would have begun.
	EXPECT_EQ(fit("防火墙", 4), "防> ");
	EXPECT_EQ(fit("ü", 1), "ü");
}

TEST_F(Cells, NothingMovesTheCursor) {
	EXPECT_EQ(fit("a\033[2Jb", 10), "a\\x1b[2Jb ");
	EXPECT_EQ(fit("a\tb\n", 7), "a\\tb\\n ");
	EXPECT_EQ(fit("a\xff", 5), "a\\xff");
	EXPECT_EQ(fit("\u202e", 6), "\\u202e");
	// A combining character would change the one in front of it, or the frame.
	EXPECT_EQ(fit("e\u0301", 7), "e\\u0301");
	EXPECT_EQ(columns_of("e\u0301"), 7U);
}

TEST_F(Cells, WithoutUtf8NothingButAsciiIsShown) {
	ASSERT_NE(std::setlocale(LC_CTYPE, "C"), nullptr);
	EXPECT_EQ(fit("ü", 8), "\\u00fc  ");
}

TEST_F(Cells, WrapsAtSpaces) {
	EXPECT_THAT(wrap("tcp dport 22 drop", 10, 5), ElementsAre("tcp dport", "22 drop"));
	EXPECT_THAT(wrap("aaaaaaaaaaaa bb", 5, 5), ElementsAre("aaaaa", "aaaaa", "aa bb"));
	EXPECT_THAT(wrap("tcp dport 22 drop", 10, 1), ElementsAre("tcp dport>"));
	EXPECT_THAT(wrap("", 10, 3), ElementsAre());
	EXPECT_THAT(wrap("\x1b\x1b", 6, 3), ElementsAre("\\x1b", "\\x1b"));
}

// Every cut of every text has just as many columns as were asked for.
TEST_F(Cells, AlwaysAsWideAsAsked) {
	const std::string texts[] = {"", "plain", "防火墙 mixed 防", "\x01\x02\xfe", "ü\u0301\u200b\t\n\r", "\xf0\x9f"};
	for (const std::string &text : texts) {
		for (size_t columns = 0; columns < 40; columns++) {
			EXPECT_EQ(columns_of(fit(text, columns)), columns) << text;
			EXPECT_EQ(columns_of(fit_right(text, columns)), columns) << text;
		}
	}
}

} // namespace
} // namespace nft_drops
