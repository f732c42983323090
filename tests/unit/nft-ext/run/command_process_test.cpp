// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/run/command_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

using namespace nft_drops;
using namespace nft_drops::cli;

namespace {

// An exit status, or -1000 less errno where exec(2) failed.
int run(const std::vector<std::string> &command) {
	const GivenSignals given;
	auto process = CommandProcess::start(command, {}, given);
	EXPECT_TRUE(process);
	if (!process) return -1;
	const int error = process->go();
	const int status = process->wait();
	if (error != 0) {
		EXPECT_EQ(status, status_of_exec_error(error));
	}
	return error ? -1000 - error : status;
}

TEST(CommandProcess, ItsExitStatusIsTheShells) {
	EXPECT_EQ(run({"true"}), 0);
	EXPECT_EQ(run({"sh", "-c", "exit 42"}), 42);
	EXPECT_EQ(run({"sh", "-c", "kill -USR1 $$"}), 128 + SIGUSR1);
	EXPECT_EQ(run({"sh", "-c", "kill -KILL $$"}), 128 + SIGKILL);
}

TEST(CommandProcess, WhatCannotBeExecuted) {
	EXPECT_EQ(run({"/nowhere/at-all"}), -1000 - ENOENT);
	EXPECT_EQ(run({"/etc/passwd"}), -1000 - EACCES);
	EXPECT_EQ(status_of_exec_error(ENOENT), 127);
	EXPECT_EQ(status_of_exec_error(ENOTDIR), 127);
	EXPECT_EQ(status_of_exec_error(EACCES), 126);
	EXPECT_EQ(status_of_exec_error(ENOEXEC), 126);
}

TEST(CommandProcess, LooksForItAsExecDoes) {
	EXPECT_EQ(look_for("sh"), 0);
	EXPECT_EQ(look_for("/bin/sh"), 0);
	EXPECT_EQ(look_for("no-such-command-anywhere"), ENOENT);
	EXPECT_EQ(look_for(""), ENOENT);
	EXPECT_EQ(look_for("/etc/passwd"), EACCES);
	EXPECT_EQ(look_for("/etc"), EACCES);
	EXPECT_EQ(look_for("/etc/passwd/x"), ENOTDIR);
}

TEST(CommandProcess, DoesNothingUntilItIsToldToGo) {
	std::string folder = "/tmp/run-test-XXXXXX";
	ASSERT_TRUE(mkdtemp(folder.data()));
	{
		const GivenSignals given;
		auto process = CommandProcess::start({"touch", folder + "/made"}, {}, given);
		ASSERT_TRUE(process);
	}
	EXPECT_FALSE(std::filesystem::exists(folder + "/made"));
	EXPECT_EQ(run({"touch", folder + "/made"}), 0);
	EXPECT_TRUE(std::filesystem::exists(folder + "/made"));
	std::filesystem::remove_all(folder);
}

// What the shell had ignored stays ignored; what nft-drops ignores for itself does not.
TEST(CommandProcess, HasTheSignalsThatNftDropsWasGiven) {
	signal(SIGQUIT, SIG_IGN);
	signal(SIGPIPE, SIG_DFL);
	const GivenSignals given;
	signal(SIGQUIT, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	auto process = CommandProcess::start(
	        {"sh", "-c", "m=$(sed -n 's/^SigIgn:.//p' /proc/self/status); exit $(( 0x$m & 0x1004 ))"}, {}, given);
	ASSERT_TRUE(process);
	EXPECT_EQ(process->go(), 0);
	EXPECT_EQ(process->wait(), 0x4) << "SIGQUIT is 3, SIGPIPE 13";
	signal(SIGPIPE, SIG_DFL);
}

TEST(CommandProcess, Users) {
	const auto root = find_user("root");
	ASSERT_TRUE(root);
	EXPECT_EQ(root->user, 0U);
	EXPECT_EQ(root->home, "/root");
	EXPECT_FALSE(find_user("no-such-user-here"));
	EXPECT_EQ(find_user("no-such-user-here").error().what, "--user no-such-user-here");
	EXPECT_TRUE(find_user("0"));
}

} // namespace
