// SPDX-License-Identifier: GPL-2.0-only
// What `nft-drops probe` reads back of the probes that are there, against the kernel's own list.
#include "running.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <fstream>
#include <thread>

namespace nft_drops::guest {
namespace {

using namespace std::chrono_literals;

struct Forms {
	size_t jumps = 0;
	size_t breakpoints = 0;
	bool operator==(const Forms &) const = default;
};

Forms listed_by_the_kernel() {
	Forms forms;
	std::ifstream list("/sys/kernel/debug/kprobes/list");
	for (std::string line; std::getline(list, line);) {
		if (line.find("nft_do_chain") == std::string::npos) continue;
		(line.find("[OPTIMIZED]") != std::string::npos ? forms.jumps : forms.breakpoints)++;
	}
	return forms;
}

size_t lines_with(const std::string &text, const std::string &words) {
	size_t count = 0;
	for (const std::string &line : lines_of(text))
		count += line.find(words) != std::string::npos;
	return count;
}

TEST(Forms, AreWhatTheKernelMadeOfTheProbes) {
	ASSERT_EQ(unshare(CLONE_NEWNET), 0);
	const std::string before = run({nft_drops(), "probe"}).out;
	EXPECT_EQ(lines_with(before, "the one here now"), 0U) << before;
	const size_t candidates = lines_with(before, "can become a jump");
	{
		Monitor monitor({});
		// The kernel optimises when it has time.
		for (int i = 0; i < 500 && listed_by_the_kernel().jumps < candidates; i++)
			std::this_thread::sleep_for(10ms);
		const Forms truth = listed_by_the_kernel();
		EXPECT_EQ(truth.jumps, candidates) << before;
		EXPECT_EQ(truth.jumps + truth.breakpoints, lines_with(before, "  probe "));
		const std::string words = run({nft_drops(), "probe"}).out;
		const Forms told{lines_with(words, "; the one here now is a jump"),
		                 lines_with(words, "; the one here now is a breakpoint")};
		EXPECT_EQ(told, truth) << words;
	}
	const std::string check = run({nft_drops(), "check"}).out;
	const size_t at = check.find("attached: ");
	ASSERT_NE(at, std::string::npos) << check;
	size_t jumps = 0;
	for (size_t jump = check.find("(a jump)", at); jump != std::string::npos;
	     jump = check.find("(a jump)", jump + 1))
		jumps++;
	EXPECT_EQ(jumps, candidates) << check;
}

} // namespace
} // namespace nft_drops::guest
