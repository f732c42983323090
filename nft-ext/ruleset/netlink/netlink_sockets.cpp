// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/netlink/netlink_sockets.h"

#include <linux/netlink.h>

#include <fstream>
#include <sstream>
#include <string>

namespace nft_drops {

// netlink_native_seq_show(): sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode, with one line of heads.
uint64_t netlink_socket_inode(std::istream &list, uint32_t port) {
	for (std::string line; std::getline(list, line);) {
		std::istringstream words(line);
		std::string skipped;
		int bus = -1;
		uint32_t its_port = 0;
		uint64_t inode = 0;
		if (!(words >> skipped >> bus >> its_port) || bus != NETLINK_NETFILTER || its_port != port) continue;
		for (int i = 0; i < 6; i++)
			words >> skipped;
		if (words >> inode) return inode;
	}
	return 0;
}

uint64_t netlink_socket_inode(uint32_t port) {
	std::ifstream list("/proc/thread-self/net/netlink");
	return netlink_socket_inode(list, port);
}

} // namespace nft_drops
