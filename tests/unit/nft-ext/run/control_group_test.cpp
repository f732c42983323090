// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/run/control_group.h"

#include <gtest/gtest.h>

using namespace nft_drops::cli;

namespace {

TEST(ControlGroup, TheUnifiedGroupOfAProcess) {
	EXPECT_EQ(unified_group("0::/user.slice/a b\n"), "/user.slice/a b");
	EXPECT_EQ(unified_group("0::/\n"), "/");
	// A hybrid system: version 1 has its own lines.
	EXPECT_EQ(unified_group("12:net_cls,net_prio:/x\n1:name=systemd:/y\n0::/z\n"), "/z");
	EXPECT_EQ(unified_group("12:net_cls:/x\n"), std::nullopt);
	EXPECT_EQ(unified_group(""), std::nullopt);
}

// Lines as proc_pid_mountinfo(5) has them.
TEST(ControlGroup, ItsFolder) {
	constexpr const char *kHybrid =
	        "30 23 0:26 / /sys/fs/cgroup ro - tmpfs tmpfs ro\n"
	        "31 30 0:27 / /sys/fs/cgroup/unified rw,nosuid shared:10 - cgroup2 cgroup2 rw,nsdelegate\n";
	EXPECT_EQ(folder_of_group(kHybrid, "/a"), "/sys/fs/cgroup/unified/a");
	EXPECT_EQ(folder_of_group(kHybrid, "/"), "/sys/fs/cgroup/unified/");
	EXPECT_EQ(folder_of_group("31 30 0:27 / /with\\040space rw - cgroup2 none rw\n", "/a"), "/with space/a");
	// A part of the tree is mounted.
	constexpr const char *kPart = "31 30 0:27 /a/b /mnt rw - cgroup2 cgroup2 rw\n";
	EXPECT_EQ(folder_of_group(kPart, "/a/b/c"), "/mnt/c");
	EXPECT_EQ(folder_of_group(kPart, "/a/bc"), std::nullopt);
	EXPECT_EQ(folder_of_group("30 23 0:26 / /x rw - cgroup cgroup rw\n", "/a"), std::nullopt);
	EXPECT_EQ(folder_of_group("- cgroup2 \n - cgroup2 \n", "/a"), std::nullopt);
}

} // namespace
