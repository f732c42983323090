// SPDX-License-Identifier: GPL-2.0-only
// The listings are written as nft 1.0.6 writes them (rule.c: table_print, chain_print_declaration, chain_rules_print;
// statement.c: chain_stmt_print).
#include "nft-ext/ruleset/text/listing.h"

#include <gtest/gtest.h>

namespace nft_drops {
namespace {

const std::string kHead = "table inet t { # handle 1\n\tchain c { # handle 1\n"
                          "\t\ttype filter hook input priority filter; policy drop;\n";
const std::string kEnd = "\t}\n}\n";

TEST(CutRule, IsWhatOneListingHasAndTheOtherHasNot) {
	EXPECT_EQ(cut_rule(kHead + kEnd, kHead + "\t\ttcp dport 22 drop # handle 7\n" + kEnd, 7), "tcp dport 22 drop");
}

TEST(CutRule, HoldsNewlinesBracesAndHandlesOfComments) {
	const std::string text = "drop comment \"a # handle 7\n\t}\n}\n\t\tb\"";
	EXPECT_EQ(cut_rule(kHead + kEnd, kHead + "\t\t" + text + " # handle 7\n" + kEnd, 7), text);
}

TEST(CutRule, RefusesWhatItCannotProve) {
	EXPECT_EQ(cut_rule(kHead + kEnd, kHead + kEnd, 7), std::nullopt) << "no rule";
	EXPECT_EQ(cut_rule(kHead + kEnd, kHead + "\t\tdrop # handle 8\n" + kEnd, 7), std::nullopt) << "another rule";
	EXPECT_EQ(cut_rule(kHead + kEnd, "x" + kHead + "\t\tdrop # handle 7\n" + kEnd, 7), std::nullopt);
	EXPECT_EQ(cut_rule(kHead + kEnd, kHead + "\t\tdrop # handle 7\n" + kEnd + "table", 7), std::nullopt);
	EXPECT_EQ(cut_rule("", kHead + "\t\tdrop # handle 7\n" + kEnd, 7), std::nullopt);
}

TEST(CutInnerRule, IsFoundBetweenTheBraces) {
	const std::string before = kHead + "\t\ttcp dport 99 jump {\n";
	const std::string after = "\t\t} # handle 15\n" + kEnd;
	EXPECT_EQ(cut_inner_rule(before + after, before + "\t\t\tip saddr 192.0.2.1 drop\n" + after, 11),
	          "ip saddr 192.0.2.1 drop");
	EXPECT_EQ(cut_inner_rule(before + after, before + "\t\t\tdrop comment \"\n\t\t}\"\n" + after, 11),
	          "drop comment \"\n\t\t}\"");
	EXPECT_EQ(cut_inner_rule(before + after, before + after, 11), std::nullopt);
	EXPECT_EQ(cut_inner_rule(before + after, kHead + "\t\tudp dport 99 jump {\n\t\t\tdrop\n" + after, 11),
	          std::nullopt);
}

TEST(CutChainLine, IsTheLastLineOfTheDeclaration) {
	EXPECT_EQ(cut_chain_line(kHead + kEnd), "type filter hook input priority filter; policy drop;");
	EXPECT_EQ(cut_chain_line("table inet t { # handle 1\n\tchain c { # handle 1\n"
	                         "\t\tcomment \"x\n\t\ttype filter hook input priority 0; policy accept;\n\"\n"
	                         "\t\ttype filter hook ingress devices = { a, b } priority 0; policy drop;\n\t}\n}\n"),
	          "type filter hook ingress devices = { a, b } priority 0; policy drop;");
	EXPECT_EQ(cut_chain_line("table inet t { # handle 1\n\tchain c { # handle 1\n\t}\n}\n"), std::nullopt);
}

TEST(ParseTable, FindsRulesAndLinesByHandle) {
	const std::string listing =
	        "table ip t { # handle 3\n\tchain c { # handle 1\n\t\taccept # handle 4\n\t}\n}\n"
	        "table inet t { # handle 1\n"
	        "\tset s { # handle 9\n\t\ttype ipv4_addr\n\t\telements = { 10.0.0.1,\n\t\t\t     10.0.0.2 }\n\t}\n\n"
	        "\tchain c { # handle 1\n\t\tcomment \"two\nlines\"\n"
	        "\t\ttype filter hook input priority filter; policy drop;\n"
	        "\t\tip saddr @s drop # handle 4\n"
	        "\t\ttcp dport 99 jump {\n\t\t\tudp dport 53 accept\n\t\t} # handle 15\n"
	        "\t\tdrop comment \"# handle 7\n\t\tdrop # handle 7\" # handle 16\n\t}\n\n"
	        "\tchain d { # handle 2\n\t\treturn # handle 5\n\t}\n}\n";
	const TableText text = parse_table(listing, "inet", "t", 1);
	EXPECT_EQ(text.rules.size(), 4U);
	EXPECT_EQ(text.rules.at(4), "ip saddr @s drop");
	EXPECT_EQ(text.rules.at(15), "tcp dport 99 jump {\n\t\t\tudp dport 53 accept\n\t\t}");
	EXPECT_EQ(text.rules.at(16), "drop comment \"# handle 7\n\t\tdrop # handle 7\"");
	EXPECT_EQ(text.rules.at(5), "return");
	EXPECT_EQ(text.chains.size(), 1U);
	EXPECT_EQ(text.chains.at(1), "type filter hook input priority filter; policy drop;");
	EXPECT_TRUE(parse_table(listing, "inet", "t", 2).rules.empty()) << "another table of that name";
	EXPECT_TRUE(parse_table(listing, "ip6", "t", 1).rules.empty());
}

TEST(ParseTable, LeavesOutWhatSeemsToBeThereTwice) {
	const std::string listing = kHead +
	                            "\t\tdrop comment \"\" # handle 5\n\t\taccept \"\" # handle 4\n"
	                            "\t\tdrop # handle 5\n" +
	                            kEnd;
	const TableText text = parse_table(listing, "inet", "t", 1);
	EXPECT_FALSE(text.rules.contains(5));
	EXPECT_TRUE(text.rules.contains(4));
}

// Found by tests/fuzz/listing_fuzz.cpp.
TEST(ParseTable, TakesOnlyNumbersThatNftWrites) {
	const TableText text =
	        parse_table(kHead + "\t\tdrop # handle 007\n\t\tdrop # handle 0\n" + kEnd, "inet", "t", 1);
	EXPECT_TRUE(text.rules.empty());
}

} // namespace
} // namespace nft_drops
