// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/capture/frame.h"

#include "nft-ext/capture/link_type.h"
#include "nft-ext/text/bytes.h"

#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter_arp.h>
#include <linux/netfilter_bridge.h>

#include <algorithm>
#include <cstring>

namespace nft_drops::pcapng {
namespace {

using Piece = std::span<const uint8_t>;

constexpr size_t kAddressBytes = 12; // of an Ethernet header, in front of its tags
constexpr size_t kTagBytes = 4;

bool is_ip(uint16_t ethertype) {
	return ethertype == ETH_P_IP || ethertype == ETH_P_IPV6;
}

bool is_tag(uint16_t ethertype) {
	return ethertype == ETH_P_8021Q || ethertype == ETH_P_8021AD;
}

template <size_t N> std::string_view padded(const char (&bytes)[N]) {
	return {bytes, strnlen(bytes, N)};
}

// Bytes from the network header to the IP header, where there is one: tags may stand between them on the hooks that see
// any protocol (skb_vlan_untag() takes one tag out of the packet, a second one stays).
std::optional<size_t> ip_offset(const nd_event &event) {
	if (event.pf == NFPROTO_IPV4 || event.pf == NFPROTO_IPV6) return 0;
	if (event.pf == NFPROTO_ARP) return std::nullopt;
	const Bytes bytes(event.l3, std::min<size_t>(event.l3_len, ND_L3_BYTES));
	uint16_t ethertype = event.protocol;
	size_t at = 0;
	while (is_tag(ethertype) && bytes.reaches(at + kTagBytes)) {
		ethertype = bytes.u16(at + 2);
		at += kTagBytes;
	}
	return is_ip(ethertype) ? std::optional(at) : std::nullopt;
}

enum class Way { kIn, kOut, kThrough, kUnknown };

Way way_of(const nd_event &event) {
	switch (event.pf) {
	case NFPROTO_INET: // ingress of an inet table
	case NFPROTO_IPV4:
	case NFPROTO_IPV6:
	case NFPROTO_BRIDGE:
		static_assert(NF_INET_LOCAL_OUT == static_cast<int>(NF_BR_LOCAL_OUT));
		switch (event.hook) {
		case NF_INET_PRE_ROUTING:
		case NF_INET_LOCAL_IN:
		case NF_INET_INGRESS:
			return Way::kIn;
		case NF_INET_LOCAL_OUT:
			return Way::kOut;
		default: // forward; post-routing sees what is forwarded, too
			return Way::kThrough;
		}
	case NFPROTO_ARP:
		return event.hook == NF_ARP_IN ? Way::kIn : event.hook == NF_ARP_OUT ? Way::kOut : Way::kThrough;
	case NFPROTO_NETDEV:
		return event.hook == NF_NETDEV_INGRESS ? Way::kIn : Way::kOut;
	default:
		return Way::kUnknown;
	}
}

Direction direction_of(const nd_event &event, const Device &device) {
	switch (way_of(event)) {
	case Way::kIn:
		return Direction::kInbound;
	case Way::kOut:
		return Direction::kOutbound;
	case Way::kThrough:
		if (device.index == 0) return Direction::kUnknown;
		return device.index == event.iif ? Direction::kInbound : Direction::kOutbound;
	case Way::kUnknown:
		break;
	}
	return Direction::kUnknown;
}

Device device_of(const nd_event &event, const nd_capture &capture, uint32_t link_bytes) {
	if (link_bytes > 0 && capture.ifindex != 0) return {capture.ifindex, padded(capture.ifname)};
	if (event.iif != 0) return {event.iif, padded(event.iifname)};
	return {event.oif, padded(event.oifname)};
}

size_t size_of(const std::array<Piece, 3> &pieces) {
	return pieces[0].size() + pieces[1].size() + pieces[2].size();
}

void cut_to(std::array<Piece, 3> &pieces, size_t most) {
	for (Piece &piece : pieces) {
		piece = piece.first(std::min(piece.size(), most));
		most -= piece.size();
	}
}

} // namespace

bool make_frame(const nd_event &event, const nd_capture &capture, LinkTypes types, uint32_t snaplen, Frame &frame) {
	const Piece kept(capture.bytes, capture.kept);
	const auto link_type = link_type_of(capture.dev_type, capture.link_bytes);
	frame.device = device_of(event, capture, link_type ? capture.link_bytes : 0);
	frame.direction = direction_of(event, frame.device);

	if (types == LinkTypes::kRaw || !link_type) {
		const auto offset = ip_offset(event);
		if (!offset) return false;
		frame.link_type = kLinkTypeRaw;
		frame.pieces = {kept.subspan(std::min(capture.link_bytes + *offset, kept.size()))};
		frame.original_length = event.length - static_cast<uint32_t>(std::min<size_t>(*offset, event.length));
	} else {
		frame.link_type = *link_type;
		frame.original_length = event.length + capture.link_bytes;
		frame.pieces = {kept};
		if ((event.flags & ND_FLAG_VLAN) && *link_type == kLinkTypeEthernet) {
			const uint16_t words[] = {event.vlan_proto, event.vlan_tci};
			for (size_t i = 0; i < kTagBytes; i++)
				frame.tag[i] = static_cast<uint8_t>(words[i / 2] >> (i % 2 == 0 ? 8 : 0));
			frame.original_length += kTagBytes;
			if (kept.size() >= kAddressBytes)
				frame.pieces = {kept.first(kAddressBytes), frame.tag, kept.subspan(kAddressBytes)};
		}
	}
	cut_to(frame.pieces, snaplen);
	// What lies about its length is at least as long as what is there.
	frame.original_length = std::max(frame.original_length, static_cast<uint32_t>(size_of(frame.pieces)));
	return true;
}

} // namespace nft_drops::pcapng
