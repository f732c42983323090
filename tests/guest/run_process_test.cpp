// SPDX-License-Identifier: GPL-2.0-only
// `run -- CMD`: the life of CMD. Its exit status, standard files, terminal and signals, and what is left of it.
#include "run_commands.h"
#include "running.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>

namespace nft_drops::guest {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;

// No traffic matters below.
class RunProcess : public testing::Test {
protected:
	void SetUp() override { ASSERT_EQ(unshare(CLONE_NEWNET), 0); }
	void TearDown() override {
		EXPECT_TRUE(programs_end());
		EXPECT_TRUE(become(before_));
	}
	static Finished run_drops(std::vector<std::string> more) {
		more.insert(more.begin(), {nft_drops(), "run"});
		return run(more);
	}
	Leftovers before_ = leftovers();
};

TEST_F(RunProcess, ItsExitStatusIsCmds) {
	EXPECT_EQ(run_drops({"--", "sh", "-c", "exit 42"}).status, 42);
	const Finished killed = run_drops({"--", "sh", "-c", "kill -USR1 $$"});
	EXPECT_EQ(killed.status, 128 + SIGUSR1);
	EXPECT_THAT(killed.err,
	            HasSubstr("nft-drops: 0 drops concerned sh (0 by rule, 0 by policy, 0 other), 0 lost\n"));
}

TEST_F(RunProcess, StandardFilesAreCmds) {
	const Finished end = run({"sh", "-c", "echo word | " + nft_drops() + " run -- sh -c 'cat; echo e >&2'"});
	EXPECT_EQ(end.out, "word\n");
	EXPECT_THAT(end.err, testing::StartsWith("e\n"));
}

TEST_F(RunProcess, WhatCannotBeStarted) {
	const Finished none = run_drops({"--", "no-such-command"});
	EXPECT_EQ(none.status, 127);
	EXPECT_EQ(none.err, "nft-drops: no-such-command: No such file or directory\n");
	const Finished plain = run_drops({"--", "/etc/passwd"});
	EXPECT_EQ(plain.status, 126);
	EXPECT_EQ(plain.err, "nft-drops: /etc/passwd: Permission denied\n");
	// Only exec(2) finds out.
	shell("printf '#!/no/such/interpreter\\n' > /tmp/script.out; chmod 755 /tmp/script.out");
	EXPECT_EQ(run_drops({"--", "/tmp/script.out"}).status, 127);
}

TEST_F(RunProcess, OwnFailuresAre125) {
	const std::vector<std::vector<std::string>> bad = {
	        {},
	        {"--"},
	        {"--no-such-option", "--", "true"},
	        {"tcp dprot 22", "--", "true"},
	        {"tcp dport 22"},
	        {"table inet", "--", "true"},
	        {"--user", "nobody-here", "--", "true"},
	        {"--output", "/no/such/folder/file", "--", "true"},
	        {"-w", "-", "--", "true"},
	        {"--netns", "no-such-name", "--", "true"},
	};
	for (const auto &one : bad) {
		std::string text;
		for (const std::string &word : one)
			text += word + " ";
		const Finished end = run_drops(one);
		EXPECT_EQ(end.status, 125) << text << end.err;
		EXPECT_NE(end.err, "") << text;
		EXPECT_EQ(end.out, "") << text;
		EXPECT_THAT(end.err, Not(HasSubstr("concerned"))) << text;
	}
}

TEST_F(RunProcess, UnderSudoWithUser) {
	// The machine is made for tests, and may know root alone.
	shell("grep -q '^nobody:' /etc/passwd || echo 'nobody:x:65534:65534:nobody:/:/bin/sh' >> /etc/passwd");
	const Finished end = run_drops({"--user", "nobody", "--", "sh", "-c", "echo $(id -u) $(id -g) $USER"});
	EXPECT_EQ(end.status, 0) << end.err;
	EXPECT_EQ(end.out, "65534 65534 nobody\n");
}

TEST_F(RunProcess, ATableNamedRun) {
	EXPECT_EQ(run({nft_drops(), "add", "table", "run"}).status, 0);
	EXPECT_EQ(run({nft_drops(), "add", "chain", "run", "input"}).status, 0);
	EXPECT_EQ(run({nft_drops(), "run", "input", "counter", "drop"}).status, 0) << "as nft does: add rule";
	EXPECT_THAT(run({nft_drops(), "list", "table", "run"}).out, HasSubstr("counter packets 0 bytes 0 drop"));
	EXPECT_EQ(run_drops({"--", "true"}).status, 0);
}

// The test is the terminal's other end: what it writes is typed, and \x03 is Ctrl-C.
class OnTerminal {
public:
	explicit OnTerminal(std::vector<std::string> command) {
		master_ = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
		EXPECT_EQ(grantpt(master_) | unlockpt(master_), 0);
		const std::string name = ptsname(master_);
		pid_ = fork();
		if (pid_ != 0) return;
		setsid();
		const int terminal = open(name.c_str(), O_RDWR); // the controlling one from now on
		for (int fd = 0; fd < 3; fd++)
			dup2(terminal, fd);
		std::vector<char *> argv;
		for (std::string &word : command)
			argv.push_back(word.data());
		argv.push_back(nullptr);
		execvp(argv[0], argv.data());
		_exit(127);
	}
	OnTerminal(const OnTerminal &) = delete;
	OnTerminal &operator=(const OnTerminal &) = delete;
	~OnTerminal() { close(master_); }
	void type(const char *text) const { EXPECT_GT(write(master_, text, strlen(text)), 0); }
	bool wait_for(const std::string &text) {
		for (int i = 0; i < 6000 && shown_.find(text) == std::string::npos; i++)
			if (!read_some()) break;
		return shown_.find(text) != std::string::npos;
	}
	int wait() {
		while (read_some()) {
		}
		int status = 0;
		waitpid(pid_, &status, 0);
		return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
	[[nodiscard]] const std::string &shown() const { return shown_; }

private:
	// False where nobody has the terminal any more.
	bool read_some() {
		pollfd one{master_, POLLIN, 0};
		if (poll(&one, 1, 20) == 0) return true;
		char bytes[4096];
		const ssize_t n = read(master_, bytes, sizeof(bytes));
		if (n <= 0) return false;
		shown_.append(bytes, static_cast<size_t>(n));
		return true;
	}
	int master_ = -1;
	pid_t pid_ = -1;
	std::string shown_;
};

TEST_F(RunProcess, CtrlC) {
	OnTerminal program({nft_drops(), "run", "--", "sh", "-c", "echo started; exec sleep 1000"});
	ASSERT_TRUE(program.wait_for("started")) << program.shown();
	program.type("\x03");
	EXPECT_EQ(program.wait(), 130);
	EXPECT_THAT(program.shown(), HasSubstr("nft-drops: 0 drops concerned sh"));
}

TEST_F(RunProcess, ACommandThatOutlivesCtrlCIsWaitedFor) {
	OnTerminal program({nft_drops(), "run", "--", "sh", "-c",
	                    "trap 'echo caught; exit 7' INT; echo started; while :; do sleep 0.1; done"});
	ASSERT_TRUE(program.wait_for("started")) << program.shown();
	program.type("\x03");
	EXPECT_EQ(program.wait(), 7);
	EXPECT_THAT(program.shown(), HasSubstr("caught"));
}

TEST_F(RunProcess, ATerminalProgram) {
	std::vector<std::string> command = as({"terminal"});
	command.insert(command.begin(), {nft_drops(), "run", "--"});
	OnTerminal program(command);
	EXPECT_EQ(program.wait(), 0);
	EXPECT_THAT(program.shown(), HasSubstr("terminal one, foreground"));
}

TEST_F(RunProcess, PassesASignalOn) {
	Running program({nft_drops(), "run", "--", "sh", "-c", "echo started; exec sleep 1000"});
	ASSERT_TRUE(program.wait_for("started")) << program.err();
	EXPECT_EQ(program.finish(SIGTERM).status, 128 + SIGTERM);
}

// The groups that nft-drops made and that are there, by a mount of cgroup2 that the test has.
std::vector<std::string> groups() {
	static const bool mounted =
	        mkdir("/tmp/groups", 0755) == 0 && mount("none", "/tmp/groups", "cgroup2", 0, "") == 0;
	EXPECT_TRUE(mounted);
	std::vector<std::string> names;
	for (const auto &entry : std::filesystem::recursive_directory_iterator("/tmp/groups"))
		if (entry.path().filename().string().starts_with("nft-drops-run-")) names.push_back(entry.path());
	return names;
}

bool groups_end() {
	for (int i = 0; i < 3000 && !groups().empty(); i++)
		std::this_thread::sleep_for(10ms);
	return groups().empty();
}

TEST_F(RunProcess, SigkillOfOurselves) {
	for (const bool mounted : {false, true}) {
		// The first time nobody has mounted cgroup2.
		if (mounted) {
			EXPECT_THAT(groups(), IsEmpty());
		}
		shell("rm -f /tmp/go /tmp/on.out");
		Running program({nft_drops(), "run", "--", "sh", "-c",
		                 "echo started; while [ ! -e /tmp/go ]; do sleep 0.05; done; echo on > /tmp/on.out; "
		                 "while [ -e /tmp/go ]; do sleep 0.05; done"});
		ASSERT_TRUE(program.wait_for("started")) << program.err();
		EXPECT_EQ(program.finish(SIGKILL).status, 128 + SIGKILL);
		shell("touch /tmp/go; while [ ! -e /tmp/on.out ]; do sleep 0.05; done");
		EXPECT_EQ(groups().size(), 1U) << "CMD is in it";
		EXPECT_EQ(programs_alive(), std::vector<std::string>{"nft-drops-keep"});
		shell("rm /tmp/go");
		EXPECT_TRUE(programs_end());
		EXPECT_TRUE(groups_end());
	}
}

TEST_F(RunProcess, LeavesNothingBehind) {
	EXPECT_EQ(run_drops({"--", "true"}).status, 0);
	EXPECT_THAT(groups(), IsEmpty());
	EXPECT_THAT(programs_alive(), IsEmpty());
}

} // namespace
} // namespace nft_drops::guest
