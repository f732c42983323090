// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/drop/socket_holders.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace nft_drops::cli {
namespace {

uint64_t inode_of(int socket) {
	struct stat info{};
	EXPECT_EQ(fstat(socket, &info), 0);
	return info.st_ino;
}

// A child that holds what this process holds, under a name of its own.
class Child {
public:
	explicit Child(const char *name) {
		std::array<int, 2> ready{};
		EXPECT_EQ(pipe(ready.data()), 0);
		pid_ = fork();
		if (pid_ == 0) {
			prctl(PR_SET_NAME, name);
			static_cast<void>(!write(ready[1], "y", 1));
			for (;;)
				pause();
		}
		char byte{};
		EXPECT_EQ(read(ready[0], &byte, 1), 1);
		close(ready[0]);
		close(ready[1]);
	}
	Child(const Child &) = delete;
	Child &operator=(const Child &) = delete;
	~Child() {
		kill(pid_, SIGKILL);
		waitpid(pid_, nullptr, 0);
	}
	[[nodiscard]] pid_t pid() const { return pid_; }

private:
	pid_t pid_;
};

TEST(SocketHolders, AllProcessesThatHoldIt) {
	const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ASSERT_GE(socket, 0);
	SocketHolders holders("/proc", std::chrono::minutes(1)); // however busy the machine is
	{
		const Child child("it's\na) name");
		auto found = holders.of(inode_of(socket));
		ASSERT_EQ(found.size(), 2U);
		EXPECT_EQ(std::ranges::count(found, getpid(), &Process::pid), 1);
		EXPECT_EQ(std::ranges::count(found, Process{child.pid(), "it's\na) name"}), 1)
		        << found[0].name << found[1].name;
	}
	// The child is gone, and that is seen without reading everything again.
	const auto left = holders.of(inode_of(socket));
	ASSERT_EQ(left.size(), 1U);
	EXPECT_EQ(left[0].pid, getpid());
	const uint64_t inode = inode_of(socket);
	close(socket);
	EXPECT_TRUE(holders.of(inode).empty());
}

// What stands in /proc is others' to choose; only numbers and links of sockets count.
TEST(SocketHolders, AFolderOfProcesses) {
	std::string name = "/tmp/nft-drops-holders-XXXXXX";
	ASSERT_NE(mkdtemp(name.data()), nullptr);
	const std::filesystem::path proc = name;
	for (const char *pid : {"7", "8", "9", "self", "10x"})
		std::filesystem::create_directories(proc / pid / "fd");
	std::ofstream(proc / "7" / "comm") << "server\n";
	std::filesystem::create_symlink("socket:[100]", proc / "7" / "fd" / "3");
	std::filesystem::create_symlink("socket:[100]", proc / "7" / "fd" / "4");
	std::filesystem::create_symlink("socket:[100", proc / "8" / "fd" / "3");
	std::filesystem::create_symlink("socket:[101]x", proc / "8" / "fd" / "4");
	std::filesystem::create_symlink("pipe:[100]", proc / "9" / "fd" / "4");
	std::filesystem::create_symlink("socket:[100]", proc / "10x" / "fd" / "1");
	EXPECT_EQ(SocketHolders(name).of(100), (std::vector<Process>{{7, "server"}}));
	EXPECT_TRUE(SocketHolders(name).of(101).empty());
	EXPECT_TRUE(SocketHolders(name + "/none").of(100).empty());
	std::filesystem::remove_all(proc);
}

} // namespace
} // namespace nft_drops::cli
