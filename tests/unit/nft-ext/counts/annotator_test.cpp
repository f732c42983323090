// SPDX-License-Identifier: GPL-2.0-only
// The pieces are those that nft 1.0.6 prints (rule.c: table_print, chain_print_declaration, chain_rules_print;
// statement.c: chain_stmt_print); what libnftables really prints is compared in tests/guest/list_test.cpp.
#include "nft-ext/counts/annotator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nft_drops {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Notes what it is asked, and answers with the handle.
class Notes final : public ListingVisitor {
public:
	std::string comment(const ListedLine &l) override {
		lines.push_back(std::string(l.family) + "/" + std::string(l.table) + "/" +
		                std::to_string(l.table_handle) + "/" + std::string(l.chain) +
		                (l.policy ? " policy " : " ") + std::to_string(l.handle) + ": " + std::string(l.text));
		return " # " + std::to_string(l.handle);
	}
	uint64_t table_handle(std::string_view, std::string_view) override { return 99; }
	std::optional<std::vector<uint64_t>> inner_rules(const ListedLine &) override { return inner; }

	std::vector<std::string> lines;
	std::optional<std::vector<uint64_t>> inner;
};

class AnnotatorTest : public testing::Test {
protected:
	std::string print(const std::vector<std::string> &pieces) {
		std::string all;
		Annotator annotator(notes_, [&all](std::string &text) {
			all += text;
			text.clear();
		});
		for (const std::string &piece : pieces)
			annotator.print(piece);
		annotator.finish();
		understood_ = annotator.understood();
		return all;
	}
	Notes notes_;
	bool understood_ = false;
};

const std::vector<std::string> kHead = {"table inet t {", " #", " handle 6", "\n", "\tchain c {", " # handle 1", "\n"};
const std::vector<std::string> kTail = {"\t}\n", "}\n"};

std::vector<std::string> in_chain(std::vector<std::string> pieces) {
	pieces.insert(pieces.begin(), kHead.begin(), kHead.end());
	pieces.insert(pieces.end(), kTail.begin(), kTail.end());
	return pieces;
}

TEST_F(AnnotatorTest, RulesAndPolicies) {
	const std::string all = print(in_chain({"\t\ttype filter hook input", " priority filter;", " policy drop;",
	                                        "\n", "\t\t", "tcp dport 22", " ", "drop", " # handle 7", "\n"}));
	EXPECT_EQ(all, "table inet t { # handle 6\n\tchain c { # handle 1\n"
	               "\t\ttype filter hook input priority filter; policy drop; # 1\n"
	               "\t\ttcp dport 22 drop # handle 7 # 7\n\t}\n}\n");
	EXPECT_THAT(notes_.lines,
	            ElementsAre("inet/t/6/c policy 1: type filter hook input priority filter; policy drop;",
	                        "inet/t/6/c 7: tcp dport 22 drop"));
	EXPECT_TRUE(understood_);
}

TEST_F(AnnotatorTest, NothingWithinAStringEndsARule) {
	print(in_chain(
	        {"\t\t", "drop", " comment \"x # handle 5\n\t\tdrop # handle 6\n\t}\n}\n\"y\"", " # handle 7", "\n"}));
	EXPECT_THAT(notes_.lines,
	            ElementsAre("inet/t/6/c 7: drop comment \"x # handle 5\n\t\tdrop # handle 6\n\t}\n}\n\"y\""));
}

// A chain's name can be anything where it was made without nft.
TEST_F(AnnotatorTest, AChainNamedAsAHandle) {
	print(in_chain({"\t\t", "jump ", " # handle 5", " # handle 7", "\n", "\t\t", "drop", " # handle 8", "\n"}));
	EXPECT_THAT(notes_.lines, ElementsAre("inet/t/6/c 7: jump  # handle 5", "inet/t/6/c 8: drop"));
}

TEST_F(AnnotatorTest, OfSetsAndObjectsNothing) {
	print({"table inet t {", " #", " handle 6", "\n", "\tset", " s {", " # handle 2", "\n", "\t\ttype ",
	       "ipv4_addr", "\n", "\t}\n", "\n", "\tcounter", " k {", " # handle 3", "\n", "\t}\n", "}\n"});
	EXPECT_THAT(notes_.lines, IsEmpty());
}

TEST_F(AnnotatorTest, ListChainDoesNotTellTheTablesHandle) {
	print({"table inet t {\n", "\tchain c {", " # handle 1", "\n", "\t\t", "drop", " # handle 7", "\n", "\t}\n",
	       "}\n"});
	EXPECT_THAT(notes_.lines, ElementsAre("inet/t/99/c 7: drop"));
}

TEST_F(AnnotatorTest, RulesWithinBraces) {
	const std::vector<std::string> rule =
	        in_chain({"\t\t", "udp dport 9", " ", "jump {\n", "\t\t\t", "drop", "\n", "\t\t\t", "accept",
	                  " comment \"\n\t\t}\"", "\n", "\t\t}", " # handle 9", "\n"});
	notes_.inner = {{11, 12}};
	EXPECT_THAT(print(rule), testing::HasSubstr("\t\tudp dport 9 jump {\n\t\t\tdrop # 11\n"
	                                            "\t\t\taccept comment \"\n\t\t}\" # 12\n\t\t} # handle 9 # 9\n"));
	for (const auto &unknown : {std::optional<std::vector<uint64_t>>{}, {{11}}, {{11, 12, 13}}}) {
		notes_.inner = unknown;
		EXPECT_THAT(print(rule),
		            testing::HasSubstr("\t\t\tdrop\n\t\t\taccept comment \"\n\t\t}\"\n\t\t} # handle 9 # 9\n"));
	}
}

TEST_F(AnnotatorTest, ALibraryThatPrintsMoreAtOnceIsNotUnderstood) {
	print({"table inet t { # handle 6\n\tchain c { # handle 1\n\t\tdrop # handle 7\n\t}\n}\n"});
	EXPECT_FALSE(understood_);
	EXPECT_THAT(notes_.lines, IsEmpty());
}

} // namespace
} // namespace nft_drops
