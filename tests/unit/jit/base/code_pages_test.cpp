// SPDX-License-Identifier: GPL-2.0-only
#include "jit/base/code_pages.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>

extern "C" const char __executable_start; // NOLINT(bugprone-reserved-identifier)

namespace nft_drops::jit_test {
namespace {

// KiB of the program's own executable pages that are in memory: proc_pid_smaps(5).
uint64_t code_in_memory() {
	std::ifstream smaps("/proc/self/smaps");
	bool own = false;
	uint64_t kilobytes = 0;
	for (std::string line; std::getline(smaps, line);) {
		unsigned long begin = 0, end = 0, rss = 0;
		char mode[5] = {};
		if (sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, mode) == 3)
			own = mode[2] == 'x' && line.find("/unit_") != std::string::npos;
		else if (own && sscanf(line.c_str(), "Rss: %lu", &rss) == 1)
			kilobytes += rss;
	}
	return kilobytes;
}

TEST(CodePages, AreGivenBackAndComeAgain) {
	const auto *code = &__executable_start;
	volatile char seen = 0;
	for (int i = 0; i < 4096 * 64; i += 4096)
		seen = code[i];
	const uint64_t before = code_in_memory();
	jit::release_code_pages();
	const uint64_t after = code_in_memory();
	EXPECT_LT(after, before);
	EXPECT_GT(after, 0U) << "what runs is there";
	EXPECT_EQ(code[1], 'E') << "an ELF file begins so";
	(void)seen;
}

} // namespace
} // namespace nft_drops::jit_test
