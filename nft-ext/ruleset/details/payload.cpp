// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/details/rule_look_ups.h"

#include <linux/if_ether.h>
#include <linux/netfilter/nf_tables.h>
#include <netinet/in.h>

#include <algorithm>

namespace nft_drops {
namespace {

using Bytes = std::vector<uint8_t>;

std::optional<Bytes> part(const uint8_t *from, size_t have, size_t offset, size_t length) {
	if (offset > have || length > have - offset) return {};
	return Bytes(from + offset, from + offset + length);
}

std::optional<Transport> transport_of_ip(const nd_event &event) {
	constexpr size_t kFixed = 20;
	if (event.l3_len < kFixed || event.l3[0] >> 4 != 4) return {};
	const size_t header = (event.l3[0] & 0x0f) * size_t{4};
	const bool later_fragment = (event.l3[6] & 0x1f) != 0 || event.l3[7] != 0;
	if (header < kFixed || later_fragment) return {};
	return Transport{.protocol = event.l3[9], .offset = header};
}

// ipv6_find_hdr() without a wanted header.
std::optional<Transport> transport_of_ip6(const nd_event &event) {
	constexpr size_t kFixed = 40;
	constexpr int kMost = 16;
	if (event.l3_len < kFixed || event.l3[0] >> 4 != 6) return {};
	Transport at{.protocol = event.l3[6], .offset = kFixed};
	for (int i = 0; i < kMost; i++) {
		const uint8_t kind = at.protocol;
		if (kind != IPPROTO_HOPOPTS && kind != IPPROTO_ROUTING && kind != IPPROTO_FRAGMENT &&
		    kind != IPPROTO_AH && kind != IPPROTO_DSTOPTS)
			return at;
		const auto header = part(event.l3, event.l3_len, at.offset, 8);
		if (!header) return {};
		if (kind == IPPROTO_FRAGMENT) {
			const bool later = (*header)[2] != 0 || ((*header)[3] & 0xf8) != 0;
			if (later) return {};
			at.offset += 8;
		} else if (kind == IPPROTO_AH) {
			at.offset += ((*header)[1] + size_t{2}) * 4;
		} else {
			at.offset += ((*header)[1] + size_t{1}) * 8;
		}
		at.protocol = (*header)[0];
	}
	return {};
}

} // namespace

std::optional<Transport> transport_of(const nd_event &event) {
	if (event.protocol == ETH_P_IP) return transport_of_ip(event);
	if (event.protocol == ETH_P_IPV6) return transport_of_ip6(event);
	return {};
}

std::optional<Bytes> payload_of(const nd_event &event, uint32_t base, uint32_t offset, uint32_t length) {
	constexpr uint32_t kTag = 12; // from here on a tag that lies beside the packet moves the bytes
	switch (base) {
	case NFT_PAYLOAD_LL_HEADER:
		if ((event.flags & ND_FLAG_L2) == 0) return {};
		if ((event.flags & ND_FLAG_VLAN) != 0 && offset + length > kTag) return {};
		return part(event.l2, std::min<size_t>(event.l2_len, ND_L2_BYTES), offset, length);
	case NFT_PAYLOAD_NETWORK_HEADER:
		return part(event.l3, std::min<size_t>(event.l3_len, ND_L3_BYTES), offset, length);
	case NFT_PAYLOAD_TRANSPORT_HEADER: {
		const auto transport = transport_of(event);
		if (!transport) return {};
		return part(event.l3, std::min<size_t>(event.l3_len, ND_L3_BYTES), transport->offset + offset, length);
	}
	default:
		return {};
	}
}

} // namespace nft_drops
