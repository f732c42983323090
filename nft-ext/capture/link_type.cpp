// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/capture/link_type.h"

#include <linux/if_arp.h>

namespace nft_drops::pcapng {
namespace {

struct KnownType {
	uint16_t device_type;
	uint16_t link_type;
	uint16_t least_bytes; // of the link header
};

// pcap-linktype(7), as map_arphrd_to_dlt() of libpcap's pcap-linux.c pairs the two.
constexpr KnownType kKnownTypes[] = {
        {ARPHRD_ETHER, kLinkTypeEthernet, 14},
        {ARPHRD_LOOPBACK, kLinkTypeEthernet, 14}, // lo has Ethernet headers with addresses of zeroes
        {ARPHRD_METRICOM, kLinkTypeEthernet, 14},
        {ARPHRD_IEEE802, 6, 14}, // LINKTYPE_IEEE802_5
        {ARPHRD_IEEE802_TR, 6, 14},
        {ARPHRD_FDDI, 10, 13},
        {ARPHRD_CISCO, 104, 4}, // LINKTYPE_C_HDLC
        {ARPHRD_IEEE80211, 105, 10},
        {ARPHRD_FRAD, 107, 2}, // LINKTYPE_FRELAY
        {ARPHRD_IEEE80211_PRISM, 119, 10},
        {ARPHRD_IEEE80211_RADIOTAP, 127, 8},
};

} // namespace

std::optional<uint16_t> link_type_of(uint16_t device_type, uint32_t link_bytes) {
	for (const KnownType &known : kKnownTypes) {
		if (known.device_type == device_type && link_bytes >= known.least_bytes) return known.link_type;
	}
	return std::nullopt;
}

} // namespace nft_drops::pcapng
