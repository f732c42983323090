// SPDX-License-Identifier: GPL-2.0-only
// `nft-drops check`, and the self-test at every start as a user meets it.
#include "running.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <string_view>
#include <thread>

namespace nft_drops::guest {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

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
		EXPECT_TRUE(line.starts_with("ok    ")) << line;
	EXPECT_THAT(lines, Contains("ok    lockdown: off"));
	EXPECT_THAT(lines, Contains("ok    nf_tables: loaded"));
	EXPECT_TRUE(lines.back().starts_with("ok    self-test: ")) << lines.back();
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
	EXPECT_TRUE(lines[lines.size() - 2].starts_with("FAIL  " + requirement + ": ")) << f.out;
	EXPECT_EQ(lines_of(f.err).size(), 1U) << f.err;
	EXPECT_TRUE(f.err.starts_with("nft-drops: ")) << f.err;
	EXPECT_TRUE(become(clean));
}

TEST(Check, NamesTheFirstRequirementThatIsNotMet) {
	expect_no("types", "mount -t tmpfs none /sys/kernel/btf");
	expect_no("nft_do_chain", "echo 2 >/proc/sys/kernel/kptr_restrict");
	shell("echo 0 >/proc/sys/kernel/kptr_restrict");
}

// Whoever fails because of lockdown says so. The file is made up: a kernel never leaves the mode again.
TEST(Check, LockdownIsNamed) {
	const std::string locked = "mount -t tmpfs none /sys/kernel/security && "
	                           "echo 'none integrity [confidentiality]' >/sys/kernel/security/lockdown";
	expect_no("lockdown", locked);
	std::vector<std::string> commands{" monitor", " probe", " bpftrace"};
	// Linux before 5.14 has no counts, whatever the mode.
	const std::string listing = " list ruleset --with-drop-counts --for 1s";
	if (run({"sh", "-c", nft_drops() + listing}).status == 0) commands.push_back(listing);
	for (const std::string &command : commands) {
		const Finished f = run({"unshare", "-m", "sh", "-c", locked + " && exec " + nft_drops() + command});
		EXPECT_EQ(f.status, 2) << command;
		EXPECT_EQ(f.err, "nft-drops: lockdown: kernel lockdown is in mode confidentiality: no program may read "
		                 "kernel memory; boot with lockdown=integrity or without lockdown\n");
	}
}

TEST(Check, LeavesNoFiles) {
	shell("rm -rf /run/nft-drops");
	EXPECT_EQ(run({nft_drops(), "check"}).status, 0);
	EXPECT_EQ(shell("ls -d /run/nft-drops* 2>/dev/null || true"), "");
}

// For a bug report: everything about the kernel, nothing about the host and its rules.
TEST(Check, Report) {
	shell("nft add table ip6 secret_table '{ chain secret_chain { type filter hook input priority 0; "
	      "ip6 saddr 2001:db8::77 drop; iifname \"secret0\"; }; }'");
	utsname before{};
	ASSERT_EQ(uname(&before), 0);
	constexpr std::string_view kHost = "secret-host";
	ASSERT_EQ(sethostname(kHost.data(), kHost.size()), 0);
	const Finished f = run({nft_drops(), "check", "--report"});
	EXPECT_EQ(sethostname(before.nodename, strlen(before.nodename)), 0);
	shell("nft delete table ip6 secret_table");
	EXPECT_EQ(f.status, 0) << f.err;
	for (const char *fact : {"nft-drops ", "libnftables ", "LLVM ", "libbpf ", "Linux ", "ok    self-test: ",
	                         " ms)", "examined ", "site 0: nft_do_chain", "nft-drops can run here"})
		EXPECT_THAT(f.out, HasSubstr(fact));
	std::string release;
	std::ifstream("/proc/sys/kernel/osrelease") >> release;
	EXPECT_THAT(f.out, HasSubstr(release));
	for (const char *secret : {"secret", "2001:db8", "0xffffffffc", "0xffff8"})
		EXPECT_THAT(f.out, Not(HasSubstr(secret)));
}

TEST(Debug, EachTopicIsTold) {
	const Finished f = run({nft_drops(), "monitor", "--for", "100ms", "--debug=plan,ir,verifier,netlink,times"});
	EXPECT_EQ(f.status, 0);
	EXPECT_EQ(f.out, "");
	for (const char *words : {"debug plan: site 0: nft_do_chain", "debug ir: define ",
	                          "debug verifier: ", "processed ", "debug netlink: get generation",
	                          "debug netlink: get rule", "debug times: lockdown ", "debug times: self-test "})
		EXPECT_THAT(f.err, HasSubstr(words));
	const Finished one = run({nft_drops(), "check", "--debug=times"});
	EXPECT_EQ(one.status, 0);
	for (const std::string &line : lines_of(one.err))
		EXPECT_TRUE(line.starts_with("debug times: ")) << line;
	EXPECT_EQ(lines_of(one.err).size() + 2, lines_of(one.out).size()) << "but privilege and verdict";
}

TEST(Debug, AnUnknownTopicEndsIt) {
	const Finished f = run({nft_drops(), "monitor", "--debug=plan,verfier"});
	EXPECT_EQ(f.status, 1);
	EXPECT_EQ(f.err,
	          "nft-drops: --debug verfier: no such topic; the topics are plan, ir, verifier, netlink, times\n");
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
