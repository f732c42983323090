// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/packet/decode.h"

#include <netinet/in.h>

namespace nft_drops {

namespace {

// nft ties icmp and igmp to ip, icmpv6 to ip6: elsewhere their numbers are protocols like any other.
L4 transport(L3 l3, uint8_t protocol) {
	switch (protocol) {
	case IPPROTO_TCP:
		return L4::kTcp;
	case IPPROTO_UDP:
		return L4::kUdp;
	case IPPROTO_UDPLITE:
		return L4::kUdplite;
	case IPPROTO_SCTP:
		return L4::kSctp;
	case IPPROTO_DCCP:
		return L4::kDccp;
	case IPPROTO_ESP:
		return L4::kEsp;
	case IPPROTO_AH: // for ip6 an extension header
		return L4::kAh;
	case IPPROTO_ICMP:
		return l3 == L3::kIp ? L4::kIcmp : L4::kOther;
	case IPPROTO_IGMP:
		return l3 == L3::kIp ? L4::kIgmp : L4::kOther;
	case IPPROTO_ICMPV6:
		return l3 == L3::kIp6 ? L4::kIcmpv6 : L4::kOther;
	default:
		return L4::kOther;
	}
}

// Bytes that every header of the kind has.
size_t header_bytes(L4 l4) {
	switch (l4) {
	case L4::kTcp:
		return 20;
	case L4::kSctp:
	case L4::kDccp:
	case L4::kAh:
		return 12;
	case L4::kUdp:
	case L4::kUdplite:
	case L4::kIcmp:
	case L4::kIcmpv6:
	case L4::kIgmp:
	case L4::kEsp:
		return 8;
	case L4::kNone:
	case L4::kOther:
		break;
	}
	return 0;
}

void read_ports(Bytes bytes, Packet &packet) {
	if (bytes.reaches(2)) packet.sport = bytes.u16(0);
	if (bytes.reaches(4)) packet.dport = bytes.u16(2);
}

void read_icmp(Bytes bytes, Packet &packet, uint8_t echo_request, uint8_t echo_reply) {
	if (bytes.reaches(1)) packet.type = bytes.u8(0);
	if (bytes.reaches(2)) packet.code = bytes.u8(1);
	if (packet.type != echo_request && packet.type != echo_reply) return;
	if (bytes.reaches(6)) packet.echo_id = bytes.u16(4);
	if (bytes.reaches(8)) packet.echo_sequence = bytes.u16(6);
}

} // namespace

void decode_l4(Bytes bytes, Packet &packet) {
	packet.l4 = transport(packet.l3, *packet.protocol);
	if (!bytes.reaches(header_bytes(packet.l4))) packet.truncated = Layer::kL4;
	switch (packet.l4) {
	case L4::kTcp:
		read_ports(bytes, packet);
		if (bytes.reaches(14)) packet.tcp_flags = bytes.u8(13);
		break;
	case L4::kDccp:
		read_ports(bytes, packet);
		if (bytes.reaches(9)) packet.type = (bytes.u8(8) >> 1) & 0x0f;
		break;
	case L4::kUdp:
	case L4::kUdplite:
	case L4::kSctp:
		read_ports(bytes, packet);
		break;
	case L4::kIcmp:
		read_icmp(bytes, packet, 8, 0);
		break;
	case L4::kIcmpv6:
		read_icmp(bytes, packet, 128, 129);
		break;
	case L4::kIgmp:
		if (bytes.reaches(1)) packet.type = bytes.u8(0);
		break;
	case L4::kEsp:
		if (bytes.reaches(4)) packet.spi = bytes.u32(0);
		break;
	case L4::kAh:
		if (bytes.reaches(8)) packet.spi = bytes.u32(4);
		break;
	case L4::kNone:
	case L4::kOther:
		break;
	}
}

} // namespace nft_drops
