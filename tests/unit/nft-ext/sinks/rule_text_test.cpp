// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/sinks/rule_text.h"

#include <gtest/gtest.h>

namespace nft_drops {
namespace {

std::string laid_out(std::string_view text) {
	std::string out;
	append_rule_text(out, text);
	return out;
}

TEST(RuleText, OneLine) {
	EXPECT_EQ(laid_out("tcp dport 10000 drop"), "\t\ttcp dport 10000 drop");
	EXPECT_EQ(laid_out("drop comment \"a\tb { \xc3\xa9\""), "\t\tdrop comment \"a\tb { \xc3\xa9\"");
}

// As nft 1.0.6 lists `ip saddr 1.1.1.1 jump { ... }`; a text may come with that indentation or without.
TEST(RuleText, ImplicitChain) {
	const std::string_view listed = "\t\tip saddr 1.1.1.1 jump {\n"
	                                "\t\t\tip saddr 2.2.2.2 drop comment \"x\"\n"
	                                "\t\t\ttcp dport 5 drop\n"
	                                "\t\t}";
	EXPECT_EQ(laid_out(listed.substr(2)), listed);
	EXPECT_EQ(laid_out("ip saddr 1.1.1.1 jump {\n\tip saddr 2.2.2.2 drop comment \"x\"\n\ttcp dport 5 drop\n}"),
	          listed);
	EXPECT_EQ(laid_out("ip saddr 1.1.1.1 jump {\nip saddr 2.2.2.2 drop comment \"x\"\ntcp dport 5 drop\n}"),
	          listed);
}

TEST(RuleText, NewlineInACommentCannotFakeALine) {
	EXPECT_EQ(laid_out("drop comment \"a\n\t}\n}\ntable ip fake {\""),
	          "\t\tdrop comment \"a\\n\t}\\n}\\ntable ip fake {\"");
	EXPECT_EQ(laid_out("jump {\n\tdrop comment \"a\nb\"\n}"), "\t\tjump {\n\t\t\tdrop comment \"a\\nb\"\n\t\t}");
}

TEST(RuleText, NewlineOutsideBraces) {
	EXPECT_EQ(laid_out("drop\n}\n}"), "\t\tdrop\\n}\\n}");
	EXPECT_EQ(laid_out("drop\n"), "\t\tdrop\\n");
	EXPECT_EQ(laid_out("} }\n{"), "\t\t} }\\n{");
}

TEST(RuleText, BracesInQuotesDoNotCount) {
	EXPECT_EQ(laid_out("log prefix \"{\" drop\nx"), "\t\tlog prefix \"{\" drop\\nx");
}

TEST(RuleText, ControlCharacters) {
	EXPECT_EQ(laid_out("drop comment \"\x1b]0;x\x07\""), "\t\tdrop comment \"\\x1b]0;x\\x07\"");
}

} // namespace
} // namespace nft_drops
