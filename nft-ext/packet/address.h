// SPDX-License-Identifier: GPL-2.0-only
// Addresses as nft prints them.
#ifndef NFT_DROPS_NFT_EXT_PACKET_ADDRESS_H
#define NFT_DROPS_NFT_EXT_PACKET_ADDRESS_H

#include "nft-ext/packet/packet.h"
#include "nft-ext/text/text_buffer.h"

namespace nft_drops {

// Four bytes: dotted. Sixteen: as glibc's inet_ntop(), which is what nft's come from, at a tenth of its cost.
void write_address(TextBuffer &out, const Address &address);
void write_mac(TextBuffer &out, const MacAddress &address);

} // namespace nft_drops

#endif
