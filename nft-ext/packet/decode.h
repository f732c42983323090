// SPDX-License-Identifier: GPL-2.0-only
// The layers of packet.h's decode(), one function and one file each. Private to this library.
#ifndef NFT_DROPS_NFT_EXT_PACKET_DECODE_H
#define NFT_DROPS_NFT_EXT_PACKET_DECODE_H

#include "nft-ext/packet/packet.h"
#include "nft-ext/text/bytes.h"

namespace nft_drops {

// Addresses, tags and packet.ethertype. Returns the bytes from the network header on.
Bytes decode_link(const nd_event &event, Packet &packet);
void decode_arp(Bytes bytes, Packet &packet);
void decode_ip(Bytes bytes, Packet &packet);
void decode_ip6(Bytes bytes, Packet &packet);
// `bytes` begin with the transport header of packet.protocol, which is set.
void decode_l4(Bytes bytes, Packet &packet);

} // namespace nft_drops

#endif
