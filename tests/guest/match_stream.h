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
// Those of them that are IP without a VLAN tag, to 10.2.0.2 and fd02::2.
std::vector<Frame> routed_frames(uint8_t to, uint8_t from);

// Frames whose bytes lie in page fragments: Topology::large_frame().
struct LargeFrame {
	Frame bytes;
	uint16_t linear = 14; // the link header
	uint16_t segment = 0;
};
std::vector<LargeFrame> large_frames(uint8_t to, uint8_t from);

} // namespace nft_drops::guest

#endif
