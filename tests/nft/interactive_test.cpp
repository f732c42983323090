// SPDX-License-Identifier: GPL-2.0-only
// nft -i, from a pipe and at a terminal.
#include "tests/nft/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nft_drops::tests {
namespace {

struct Case {
	const char *name;
	const char *typed;
	const char *shown; // must be in what nft prints, lest both print nothing
};
void PrintTo(const Case &c, std::ostream *to) {
	*to << c.name;
}

class Interactive : public testing::TestWithParam<Case> {
protected:
	static void compare(const Job &job) {
		if (!in_namespace([] { return 0; })) GTEST_SKIP() << "no namespaces, no nft or no nf_tables here";
		const Pair nfts = run_in_namespace(nft(), job);
		ASSERT_NE(nfts.run.status, -1);
		EXPECT_THAT(nfts.run.out + nfts.run.err, testing::HasSubstr(GetParam().shown));
		EXPECT_EQ(run_in_namespace(nft_drops(), job), nfts);
	}
};

TEST_P(Interactive, FromAPipe) {
	compare({.arguments = {"-i"}, .ruleset = "", .input = GetParam().typed});
}

TEST_P(Interactive, AtATerminal) {
	compare({.arguments = {"-a", "--interactive"}, .ruleset = "", .input = GetParam().typed, .terminal = true});
}

const Case kCases[] = {
        {"end_of_file", "", ""},
        {"quit", "quit\n", ""},
        {"add_and_list", "add table ip x\nlist ruleset\nquit\n", "table ip x"},
        {"a_mistake_does_not_end_it", "lst\nadd table ip x\nlist tables\n", "Error: syntax error"},
        {"continued", "add \\\ntable ip x\nlist \\\n\\\nruleset\nquit\n", "table ip x"},
        {"blanks", "   \n\nadd table ip x\nlist tables\n", "table ip x"},
        {"quit_with_a_blank_is_a_command", "quit \nlist tables\n", "Error"},
};
INSTANTIATE_TEST_SUITE_P(Typed, Interactive, testing::ValuesIn(kCases),
                         [](const auto &info) { return std::string(info.param.name); });

} // namespace
} // namespace nft_drops::tests
