// SPDX-License-Identifier: GPL-2.0-only
// `nft-drops check`, and the self-test at every start as a user meets it.
#include "running.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

namespace nft_drops::guest {
namespace {

using namespace std::chrono_literals;

// Every line but the last says that a requirement is met.
TEST(Check, SaysThatThisMachineCanRunIt) {
	const Leftovers clean = leftovers();
	const std::string rules = shell("nft list ruleset");
	const Finished f = run({nft_drops(), "check"});
	EXPECT_EQ(f.status, 0) << f.out << f.err;
	EXPECT_EQ(f.err, "");
	auto lines = lines_of(f.out);
	ASSERT_GT(lines.size(), 5U);
	EXPECT_EQ(lines.back(), "nft-drops can run here");
	lines.pop_back();
	for (const std::string &line : lines)
		EXPECT_TRUE(line.starts_with("yes ")) << line;
	EXPECT_TRUE(lines.back().starts_with("yes self-test: ")) << lines.back();
	EXPECT_TRUE(become(clean));
	EXPECT_EQ(shell("nft list ruleset"), rules);
}

void expect_no(const std::string &requirement, const std::string &before) {
	const Leftovers clean = leftovers();
	const Finished f = run({"unshare", "-m", "sh", "-c", before + " && exec " + nft_drops() + " check"});
	EXPECT_EQ(f.status, 2) << f.err;
	const auto lines = lines_of(f.out);
	ASSERT_GT(lines.size(), 1U);
	EXPECT_EQ(lines.back(), "nft-drops cannot run here");
	EXPECT_TRUE(lines[lines.size() - 2].starts_with("NO  " + requirement + ": ")) << f.out;
	EXPECT_EQ(lines_of(f.err).size(), 1U) << f.err;
	EXPECT_TRUE(f.err.starts_with("nft-drops: ")) << f.err;
	EXPECT_TRUE(become(clean));
}

TEST(Check, NamesTheFirstRequirementThatIsNotMet) {
	expect_no("types", "mount -t tmpfs none /sys/kernel/btf");
	expect_no("nft_do_chain", "echo 2 >/proc/sys/kernel/kptr_restrict");
	shell("echo 0 >/proc/sys/kernel/kptr_restrict");
}

// Without a namespace for the self-test nothing is shown: neither by `check` nor by `monitor`.
TEST(Check, NoNamespaceNoAnswer) {
	constexpr const char *kLimit = "/proc/sys/user/max_net_namespaces";
	std::string most;
	std::ifstream(kLimit) >> most;
	std::ofstream(kLimit) << "0\n";
	expect_no("network namespace", "true");
	const Leftovers clean = leftovers();
	const Finished f = run({nft_drops(), "monitor"});
	EXPECT_EQ(f.status, 2);
	EXPECT_EQ(f.out, "");
	EXPECT_EQ(lines_of(f.err).size(), 1U) << f.err;
	EXPECT_NE(f.err.find("self-test: no network namespace"), std::string::npos) << f.err;
	EXPECT_TRUE(become(clean));
	std::ofstream(kLimit) << most << "\n";
}

// Ended at any moment of its start, it leaves nothing: no process, no probe.
TEST(Check, KilledAtAnyMomentItLeavesNothing) {
	const Leftovers clean = leftovers();
	bool seen = false; // the look itself sees a process that runs
	for (int i = 1; i <= 8; i++) {
		Running check({"timeout", "-s", "KILL", std::to_string(0.15 * i), nft_drops(), "check"});
		for (int look = 0; look < 15 * i && !seen; look++) {
			seen = !programs_alive().empty();
			std::this_thread::sleep_for(10ms);
		}
		const Finished f = check.wait();
		EXPECT_TRUE(f.status == 0 || f.status == 128 + SIGKILL) << f.status;
		EXPECT_TRUE(become(clean)) << i;
		EXPECT_TRUE(programs_end()) << i << ": " << testing::PrintToString(programs_alive());
	}
	EXPECT_TRUE(seen);
}

} // namespace
} // namespace nft_drops::guest
