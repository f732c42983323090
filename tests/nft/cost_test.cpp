// SPDX-License-Identifier: GPL-2.0-only
// What nft's commands cost through nft-drops: instructions and system calls, counted, and what is loaded for them.
#include "tests/nft/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <set>
#include <sstream>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nft_drops::tests {
namespace {

// Runs `program list tables` under ptrace, stopping as `request` says; how often it stopped. -1 where ptrace fails.
long stops(const std::string &program, __ptrace_request request) {
	const pid_t child = fork();
	if (child == 0) {
		ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
		dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
		execl(program.c_str(), "nft", "list", "tables", nullptr);
		_exit(98);
	}
	long n = 0;
	for (int status = 0;; n++) {
		if (waitpid(child, &status, 0) != child) return -1;
		if (WIFEXITED(status)) return WEXITSTATUS(status) == 0 ? n : -1;
		if (WIFSIGNALED(status) || ptrace(request, child, nullptr, nullptr) != 0) return -1;
	}
}

struct Count {
	long nft = -1, ours = -1;
};

// Both counted in one namespace; printed into a pipe there.
Count count(__ptrace_request request) {
	int pipe_ends[2];
	Count result;
	if (pipe(pipe_ends) != 0) return result;
	const auto status = in_namespace([&] {
		const Count c{stops(nft(), request), stops(nft_drops(), request)};
		return write(pipe_ends[1], &c, sizeof(c)) == sizeof(c) ? 0 : 1;
	});
	if (status == 0 && read(pipe_ends[0], &result, sizeof(result)) != sizeof(result)) result = {};
	close(pipe_ends[0]);
	close(pipe_ends[1]);
	return result;
}

TEST(Cost, NoMoreThanATwentiethMoreInstructions) {
	if (!in_namespace([] { return 0; })) GTEST_SKIP() << "no namespaces, no nft or no nf_tables here";
	const Count instructions = count(PTRACE_SINGLESTEP);
	if (instructions.nft < 0 && instructions.ours < 0) GTEST_SKIP() << "instructions cannot be counted here";
	printf("instructions: nft %ld, nft-drops %ld\n", instructions.nft, instructions.ours);
	EXPECT_GT(instructions.ours, 0);
	EXPECT_LE(static_cast<double>(instructions.ours), 1.05 * static_cast<double>(instructions.nft));
}

TEST(Cost, NoMoreThanATwentiethMoreSystemCalls) {
	if (!in_namespace([] { return 0; })) GTEST_SKIP() << "no namespaces, no nft or no nf_tables here";
	const Count calls = count(PTRACE_SYSCALL);
	if (calls.nft < 0 && calls.ours < 0) GTEST_SKIP() << "system calls cannot be counted here";
	printf("stops at system calls: nft %ld, nft-drops %ld\n", calls.nft, calls.ours);
	EXPECT_GT(calls.ours, 0);
	EXPECT_LE(static_cast<double>(calls.ours), 1.05 * static_cast<double>(calls.nft));
}

// The files that the dynamic loader brings in for a command line.
std::set<std::string> loaded_by(const std::string &program, const Words &arguments) {
	// The loader prints what it loads instead of running it; LLVM is no library where it is linked statically.
	std::set<std::string> files;
	std::string command = "LD_DEBUG=files exec " + program;
	for (const std::string &a : arguments)
		command += " '" + a + "'";
	const Outcome outcome = execute("/bin/sh", {.arguments = {"-c", command}});
	std::istringstream lines(outcome.err);
	for (std::string line; std::getline(lines, line);) {
		if (const auto at = line.find("calling init: "); at != std::string::npos)
			files.insert(line.substr(at + 14));
	}
	return files;
}

TEST(Cost, NothingIsLoadedThatNftDoesNotLoad) {
	for (const Words &arguments :
	     {Words{"list", "ruleset"}, Words{"-f", "/dev/null"}, Words{"--nonsense"}, Words{"help"}}) {
		const auto ours = loaded_by(nft_drops(), arguments);
		const auto nfts = loaded_by(nft(), arguments);
		ASSERT_THAT(ours, testing::Contains(testing::HasSubstr("libnftables")));
		for (const std::string &file : ours) {
			EXPECT_TRUE(nfts.contains(file)) << file;
			EXPECT_THAT(file, testing::Not(testing::AnyOf(testing::HasSubstr("LLVM"),
			                                              testing::HasSubstr("libbpf"),
			                                              testing::HasSubstr("libedit"))));
		}
	}
}

// LLVM is linked statically into nft-drops-live: that this program does not have it shows in its size.
TEST(Cost, LlvmIsInNoProgramThatNftsCommandsRun) {
	FILE *symbols = popen(("grep -c LLVMContext " + nft_drops()).c_str(), "re");
	ASSERT_TRUE(symbols);
	int n = -1;
	EXPECT_EQ(fscanf(symbols, "%d", &n), 1);
	pclose(symbols);
	EXPECT_EQ(n, 0);
}

} // namespace
} // namespace nft_drops::tests
