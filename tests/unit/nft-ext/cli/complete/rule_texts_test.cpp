// SPDX-License-Identifier: GPL-2.0-only
// Listings as `nft -a -s list chain` prints them.
#include "nft-ext/cli/complete/rule_texts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nft_drops::complete {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(RuleTexts, ByHandle) {
	EXPECT_THAT(texts_in_listing("table inet t {\n\tchain c { # handle 1\n\t\ttype filter hook input priority 0;\n"
	                             "\t\ttcp dport 22 drop # handle 7\n\t\tdrop # handle 12\n\t}\n}\n"),
	            ElementsAre(Pair("12", "drop"), Pair("7", "tcp dport 22 drop")));
}

TEST(RuleTexts, NothingInNothing) {
	EXPECT_THAT(texts_in_listing(""), IsEmpty());
	EXPECT_THAT(texts_in_listing("\n\n\t\t\n"), IsEmpty());
	EXPECT_THAT(texts_in_listing("\tchain c { # handle 1\n"), IsEmpty()) << "no rule";
	EXPECT_THAT(texts_in_listing("\t\t # handle \n\t\tdrop # handle 7x\n"), IsEmpty()) << "no handle";
}

// A comment may hold what looks like a handle, and bytes that no terminal should get.
TEST(RuleTexts, Comments) {
	EXPECT_THAT(texts_in_listing("\t\tdrop comment \"# handle 3\" # handle 7"),
	            ElementsAre(Pair("7", "drop comment \"# handle 3\"")));
	EXPECT_THAT(texts_in_listing("\t\tdrop comment \"\x1b[2J\" # handle 7\n"),
	            ElementsAre(Pair("7", "drop comment \"\\x1b[2J\"")));
}

} // namespace
} // namespace nft_drops::complete
