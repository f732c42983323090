// SPDX-License-Identifier: GPL-2.0-only
// The machine itself: what every other test in this folder takes for granted.
#include "running.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <linux/magic.h>
#include <string>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace nft_drops {
namespace {

// The line of /proc/kallsyms for a function of a module, e.g. "ffffffffc0a12340 t nft_do_chain\t[nf_tables]".
std::string symbol_line(const std::string &name, const std::string &module) {
	const std::string end = " " + name + "\t[" + module + "]";
	std::ifstream symbols("/proc/kallsyms");
	for (std::string line; std::getline(symbols, line);)
		if (line.ends_with(end)) return line;
	return {};
}

TEST(Machine, RunsTheKernelThatItWasGiven) {
	utsname name{};
	ASSERT_EQ(uname(&name), 0);
	EXPECT_TRUE(std::filesystem::is_directory(std::string("/lib/modules/") + name.release)) << name.release;
	EXPECT_EQ(geteuid(), 0U);
}

// nf_tables is not in the machine's start-up: the kernel asks modprobe for it when nft opens its socket.
TEST(Machine, LoadsNfTablesOnDemandWithSymbolsAndTypes) {
	ASSERT_EQ(std::system("nft list ruleset >/dev/null"), 0);
	const std::string line = symbol_line("nft_do_chain", "nf_tables");
	ASSERT_FALSE(line.empty());
	EXPECT_NE(std::strtoull(line.c_str(), nullptr, 16), 0U) << line;
	// struct btf_header, include/uapi/linux/btf.h: the magic number 0xeb9f, here little-endian. A kernel may have
	// no types of modules at all (CONFIG_DEBUG_INFO_BTF_MODULES); if it has any, those of nf_tables are there.
	EXPECT_EQ(guest::contents("/sys/kernel/btf/vmlinux").substr(0, 2), "\x9f\xeb");
	const auto files = std::filesystem::directory_iterator("/sys/kernel/btf");
	if (std::distance(begin(files), end(files)) > 1) {
		EXPECT_EQ(guest::contents("/sys/kernel/btf/nf_tables").substr(0, 2), "\x9f\xeb");
	}
}

TEST(Machine, TakesRulesThatNeedFurtherModules) {
	ASSERT_EQ(std::system("nft 'table inet machine { chain c { type filter hook input priority 0;"
	                      " ct state invalid drop; limit rate 1/second log prefix \"m\" reject; }; }'"),
	          0);
	EXPECT_EQ(std::system("nft list table inet machine | grep -q 'ct state invalid drop'"), 0);
	EXPECT_EQ(std::system("nft delete table inet machine"), 0);
}

TEST(Machine, HasProbesAndABpfFileSystem) {
	EXPECT_FALSE(guest::contents("/sys/bus/event_source/devices/kprobe/type").empty());
	EXPECT_TRUE(std::filesystem::exists("/sys/kernel/tracing/kprobe_events"));
	struct statfs fs{};
	ASSERT_EQ(statfs("/sys/fs/bpf", &fs), 0);
	EXPECT_EQ(fs.f_type, BPF_FS_MAGIC);
}

TEST(Machine, HasLoopbackAndNetworkNamespaces) {
	EXPECT_EQ(std::system("ping -c 1 -W 2 127.0.0.1 >/dev/null"), 0);
	ASSERT_EQ(
	        std::system("ip netns add machine && ip link add machine0 type veth peer name machine1 netns machine"),
	        0);
	EXPECT_EQ(std::system("ip netns exec machine ip link show machine1 >/dev/null"), 0);
	EXPECT_EQ(std::system("ip link delete machine0 && ip netns delete machine"), 0);
}

} // namespace
} // namespace nft_drops
