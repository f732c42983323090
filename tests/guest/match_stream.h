// SPDX-License-Identifier: GPL-2.0-only
// Ethernet frames of many kinds, for tests of what a MATCH takes.
#ifndef NFT_DROPS_TESTS_GUEST_MATCH_STREAM_H
#define NFT_DROPS_TESTS_GUEST_MATCH_STREAM_H

#include <cstdint>
#include <vector>

namespace nft_drops::guest {

using Frame = std::vector<uint8_t>;

// IPv4 with options and fragments, IPv6 with extension headers and fragments, VLAN and QinQ, ARP, ICMP errors, TCP with
// options, SCTP, truncated headers; from 02:00:00:00:00:`from` to 02:00:00:00:00:`to`.
std::vector<Frame> mixed_frames(uint8_t to, uint8_t from);

} // namespace nft_drops::guest

#endif
