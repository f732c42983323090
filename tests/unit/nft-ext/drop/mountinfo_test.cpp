// SPDX-License-Identifier: GPL-2.0-only
// Lines as show_mountinfo() of the kernel's fs/proc_namespace.c writes them.
#include "nft-ext/drop/mountinfo.h"

#include <gtest/gtest.h>

namespace nft_drops::cli {
namespace {

TEST(MountInfo, NamespaceOfIpNetns) {
	const auto mounted =
	        namespace_in_mount("152 26 0:4 net:[4026532177] /run/netns/blue rw shared:76 - nsfs nsfs rw");
	ASSERT_TRUE(mounted);
	EXPECT_EQ(mounted->inode, 4026532177U);
	EXPECT_EQ(mounted->path, "/run/netns/blue");
}

TEST(MountInfo, OtherMounts) {
	for (const char *line :
	     {"", " ", "152", "25 30 0:23 / /sys rw,nosuid - sysfs sysfs rw",
	      "152 26 0:4 mnt:[4026532177] /run/x rw - nsfs nsfs rw", "152 26 0:4 net:[] /run/x rw - nsfs nsfs rw",
	      "152 26 0:4 net:[12 /run/x rw", "152 26 0:4 net:[99999999999] /run/x rw", "152 26 0:4 net:[-1] /run/x rw",
	      "152 26 0:4 net:[12]x /run/x rw", "152 26 0:4 net:[12]", "152 26 0:4 net:[12] "})
		EXPECT_FALSE(namespace_in_mount(line)) << line;
}

// mangle() of fs/seq_file.c: white space, backslashes and '#'.
TEST(MountInfo, EscapedPaths) {
	EXPECT_EQ(namespace_in_mount("1 2 0:4 net:[7] /a\\040b\\011c\\012d\\134e\\043 rw")->path, "/a b\tc\nd\\e#");
	EXPECT_EQ(namespace_in_mount("1 2 0:4 net:[7] /a\\04 rw")->path, "/a\\04") << "two digits are no escape";
	EXPECT_EQ(namespace_in_mount("1 2 0:4 net:[7] /a\\089 rw")->path, "/a\\089") << "8 is no octal digit";
	EXPECT_EQ(namespace_in_mount("1 2 0:4 net:[7] /a\\777 rw")->path, "/a\\777") << "more than a byte";
	EXPECT_EQ(namespace_in_mount("1 2 0:4 net:[7] /a\\")->path, "/a\\");
}

} // namespace
} // namespace nft_drops::cli
