// SPDX-License-Identifier: GPL-2.0-only
// Sockets of nf_tables' users, as /proc/net/netlink lists them.
#ifndef NFT_DROPS_NFT_EXT_RULESET_NETLINK_NETLINK_SOCKETS_H
#define NFT_DROPS_NFT_EXT_RULESET_NETLINK_NETLINK_SOCKETS_H

#include <cstdint>
#include <istream>

namespace nft_drops {

// The inode of the NETLINK_NETFILTER socket with that port in the calling thread's network namespace; 0: there is none.
uint64_t netlink_socket_inode(uint32_t port);
// The same out of what /proc/net/netlink holds.
uint64_t netlink_socket_inode(std::istream &list, uint32_t port);

} // namespace nft_drops

#endif
