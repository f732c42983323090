// SPDX-License-Identifier: GPL-2.0-only
// How soon nft-drops and bpftrace are ready, from exec, with nothing kept below /run/nft-drops: in a machine whose
// clock counts instructions (run-vm --icount), so that the ratio does not depend on what else the host does. Waiting
// (for an RCU grace period, say) does not count.
#include "tests/guest/article.h"
#include "tests/guest/bpftrace.h"
#include "tests/guest/running.h"
#include "watcher.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/utsname.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

namespace nft_drops::bench {
namespace {

using guest::Running;
using guest::shell;

constexpr int kRounds = 5;

// For how long the machine's one processor has run tasks, in milliseconds. Each is a million instructions.
double busy() {
	std::ifstream stats("/proc/schedstat");
	for (std::string line; std::getline(stats, line);) {
		std::istringstream words(line);
		std::string cpu;
		double other = 0, running = 0; // Documentation/scheduler/sched-stats.rst: the seventh number
		words >> cpu;
		for (int i = 0; i < 6; i++)
			words >> other;
		if (cpu == "cpu0" && words >> running) return running / 1e6;
	}
	ADD_FAILURE() << "/proc/schedstat does not tell";
	return 0;
}

// Million instructions until `words` are there.
double ready_after(std::vector<std::string> command, const std::string &words) {
	// The kernel's optimizer of kprobes holds text_mutex while it puts away what an ended program had, and the next
	// program would wait for it. At a first start there is nothing to put away.
	std::this_thread::sleep_for(std::chrono::seconds(2));
	const double before = busy();
	Running program(std::move(command));
	EXPECT_TRUE(program.wait_for(words)) << program.err();
	const double took = busy() - before;
	program.finish(SIGKILL);
	return took;
}

TEST(Startup, AgainstBpftrace) {
	// NFT_DROPS_STARTUP: the most that nft-drops may take of what bpftrace takes, in percent.
	const char *most = std::getenv("NFT_DROPS_STARTUP");
	ASSERT_NE(most, nullptr);
	ASSERT_EQ(unshare(CLONE_NEWNET), 0);
	shell("nft list ruleset"); // the module is loaded for both
	const std::string script = guest::article_script();
	std::vector<double> ours, theirs;
	for (int i = 0; i < kRounds; i++) {
		theirs.push_back(ready_after(guest::bpftrace({"-e", script}), "Attaching"));
		shell("rm -rf /run/nft-drops");
		ours.push_back(ready_after({guest::nft_drops(), "monitor"}, "nft-drops: monitoring"));
	}
	utsname name{};
	uname(&name);
	const std::string words =
	        fmt::format("Linux {}: million instructions until ready, nothing kept: nft-drops {:.0f}, bpftrace "
	                    "{:.0f}, ratio 1 : {:.2f}\n",
	                    name.release, median(ours), median(theirs), median(theirs) / median(ours));
	printf("\n%s\n", words.c_str());
	std::ofstream("/root/startup.txt") << words;
	EXPECT_LE(median(ours), median(theirs) * std::strtod(most, nullptr) / 100);
}

// What reading a MATCH and loading its probe add, once the probe is kept. 60 million instructions are 20 ms of a
// desktop with three instructions a nanosecond. Measured: 42. A filter whose probe is not kept takes about 220.
TEST(FilterStartup, AgainstNone) {
	constexpr double kMost = 60; // million instructions
	ASSERT_EQ(unshare(CLONE_NEWNET), 0);
	shell("nft list ruleset");
	const std::string ready = "nft-drops: monitoring";
	ready_after({guest::nft_drops(), "monitor"}, ready); // what is kept is kept for both
	std::vector<double> without, with;
	for (int i = 0; i < kRounds; i++) {
		without.push_back(ready_after({guest::nft_drops(), "monitor"}, ready));
		with.push_back(ready_after({guest::nft_drops(), "monitor", "tcp", "dport", "22"}, ready));
	}
	const double more = median(with) - median(without);
	printf("\nmillion instructions until ready: %.0f, with tcp dport 22 %.0f more\n", median(without), more);
	EXPECT_LE(more, kMost);
}

} // namespace
} // namespace nft_drops::bench
