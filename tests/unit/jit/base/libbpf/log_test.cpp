// SPDX-License-Identifier: GPL-2.0-only
#include "jit/base/libbpf/log.h"

#include <gtest/gtest.h>

namespace nft_drops::jit_test {
namespace {

// As libbpf 1.1 says that a program was refused.
constexpr std::string_view kRefused = "libbpf: prog 'nd_site_0': BPF program load failed: Permission denied\n"
                                      "libbpf: prog 'nd_site_0': -- BEGIN PROG LOAD LOG --\n"
                                      "0: R1=ctx(off=0,imm=0) R10=fp0\n"
                                      "0: (79) r6 = *(u64 *)(r1 +104)       ; R6_w=scalar()\n"
                                      "1: (79) r0 = *(u64 *)(r6 +0)\n"
                                      "R6 invalid mem access 'scalar'\n"
                                      "processed 2 insns (limit 1000000) max_states_per_insn 0\n"
                                      "-- END PROG LOAD LOG --\n"
                                      "libbpf: prog 'nd_site_0': failed to load: -13\n"
                                      "libbpf: failed to load object 'probe'\n";

TEST(VerifierLines, TheLastOnesNameTheCause) {
	EXPECT_EQ(last_verifier_lines(kRefused, 2), "1: (79) r0 = *(u64 *)(r6 +0) | R6 invalid mem access 'scalar'");
	EXPECT_EQ(last_verifier_lines(kRefused, 1), "R6 invalid mem access 'scalar'");
	// Fewer lines than asked for.
	const std::string all = last_verifier_lines(kRefused, 100);
	EXPECT_TRUE(all.starts_with("0: R1=ctx(off=0,imm=0) R10=fp0 | 0: ")) << all;
	EXPECT_TRUE(all.ends_with("'scalar'")) << all;
}

TEST(VerifierLines, OfTheLastProgram) {
	std::string two(kRefused);
	two += "libbpf: prog 'nd_site_1': -- BEGIN PROG LOAD LOG --\nunknown func bpf_probe_read_kernel#113\n"
	       "-- END PROG LOAD LOG --\n";
	EXPECT_EQ(last_verifier_lines(two, 3), "unknown func bpf_probe_read_kernel#113");
}

TEST(VerifierLines, NoneWithoutALog) {
	EXPECT_EQ(last_verifier_lines("", 3), "");
	EXPECT_EQ(last_verifier_lines("libbpf: map 'nd_events': failed to create: Cannot allocate memory(-12)\n", 3),
	          "");
	EXPECT_EQ(last_verifier_lines("-- BEGIN PROG LOAD LOG --\nhalf of\n", 3), "");
	EXPECT_EQ(last_verifier_lines("-- BEGIN PROG LOAD LOG --\n-- END PROG LOAD LOG --\n", 3), "");
}

// Whose beginning the kept words have lost.
TEST(VerifierLines, OfALogThatIsCut) {
	const std::string_view cut = kRefused.substr(kRefused.find("1: (79)"));
	EXPECT_EQ(last_verifier_lines(cut, 2), "1: (79) r0 = *(u64 *)(r6 +0) | R6 invalid mem access 'scalar'");
}

TEST(VerifierLines, OneShortLineWithoutControlCharacters) {
	const std::string log = "-- BEGIN PROG LOAD LOG --\n" + std::string(10000, 'x') +
	                        "\nthe \x1b[31mcause\n-- END PROG LOAD LOG --\n";
	const std::string line = last_verifier_lines(log, 3);
	EXPECT_LE(line.size(), 410U);
	EXPECT_TRUE(line.ends_with("x | the ?[31mcause")) << line;
	EXPECT_EQ(line.find('\n'), std::string::npos);
}

TEST(LogTail, KeepsTheEndInBoundedMemory) {
	LogTail tail;
	for (int i = 0; i < 100'000; i++)
		tail.add("line " + std::to_string(i) + "\n");
	EXPECT_EQ(tail.text().size(), LogTail::kMostBytes);
	EXPECT_TRUE(tail.text().ends_with("line 99998\nline 99999\n"));
	tail.add(std::string(3 * LogTail::kMostBytes, 'y') + "z");
	EXPECT_EQ(tail.text().size(), LogTail::kMostBytes);
	EXPECT_TRUE(tail.text().ends_with("yyyz"));
	tail.clear();
	tail.add("new");
	EXPECT_EQ(tail.text(), "new");
}

} // namespace
} // namespace nft_drops::jit_test
