// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/netlink/netlink_sockets.h"

#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sstream>

namespace nft_drops {
namespace {

TEST(NetlinkSockets, OfThatPortAndOfNetfilter) {
	std::istringstream list(
	        "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n"
	        "0000000000000000 0   812        00000000 0        0        0     2        0        100\n"
	        "0000000000000000 12  4294962701 00000000 0        0        0     2        0        101\n"
	        "0000000000000000 12  812        00000440 0        0        0     2        0        102\n");
	const std::string all = list.str();
	const auto inode = [&all](uint32_t port) {
		std::istringstream again(all);
		return netlink_socket_inode(again, port);
	};
	EXPECT_EQ(inode(812), 102U);
	EXPECT_EQ(inode(4294962701), 101U);
	EXPECT_EQ(inode(813), 0U);
	std::istringstream broken("\n12\nx 12 5\n");
	EXPECT_EQ(netlink_socket_inode(broken, 5), 0U);
}

TEST(NetlinkSockets, OurOwn) {
	const int socket = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	ASSERT_GE(socket, 0);
	sockaddr_nl address{};
	address.nl_family = AF_NETLINK;
	ASSERT_EQ(bind(socket, reinterpret_cast<sockaddr *>(&address), sizeof(address)), 0);
	socklen_t length = sizeof(address);
	ASSERT_EQ(getsockname(socket, reinterpret_cast<sockaddr *>(&address), &length), 0);
	struct stat info{};
	ASSERT_EQ(fstat(socket, &info), 0);
	EXPECT_EQ(netlink_socket_inode(address.nl_pid), info.st_ino);
	close(socket);
	EXPECT_EQ(netlink_socket_inode(address.nl_pid), 0U);
}

} // namespace
} // namespace nft_drops
