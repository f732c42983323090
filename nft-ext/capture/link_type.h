// SPDX-License-Identifier: GPL-2.0-only
// Which LINKTYPE_* of pcap a device's link header is.
#ifndef NFT_DROPS_NFT_EXT_CAPTURE_LINK_TYPE_H
#define NFT_DROPS_NFT_EXT_CAPTURE_LINK_TYPE_H

#include <cstdint>
#include <optional>

namespace nft_drops::pcapng {

inline constexpr uint16_t kLinkTypeEthernet = 1;
inline constexpr uint16_t kLinkTypeRaw = 101; // IPv4 or IPv6, told by the first four bits

// `device_type` is ARPHRD_* of <linux/if_arp.h>; `link_bytes` the size of the link header that the packet has. Nothing
// where pcap has no link type for such a header, or where the header is too short to be one.
std::optional<uint16_t> link_type_of(uint16_t device_type, uint32_t link_bytes);

} // namespace nft_drops::pcapng

#endif
