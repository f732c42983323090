// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/packet/decode.h"

#include <netinet/in.h>

#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

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

constexpr size_t kIcmpBytes = 8;

// `bytes` begin with the network header of the packet that the error is about.
void read_inside(Bytes bytes, Packet &error) {
	if (error.is_inside || bytes.size() == 0) return;
	const auto inside = std::make_shared<Packet>();
	inside->is_inside = true;
	inside->l3 = error.l3;
	if (error.l3 == L3::kIp6)
		decode_ip6(bytes, *inside);
	else
		decode_ip(bytes, *inside);
	if (!inside->bad_version && inside->daddr.size != 0) error.inside = inside;
}

void read_type(Bytes bytes, Packet &packet) {
	if (bytes.reaches(1)) packet.type = bytes.u8(0);
	if (bytes.reaches(2)) packet.code = bytes.u8(1);
}

void read_echo(Bytes bytes, Packet &packet) {
	if (bytes.reaches(6)) packet.echo_id = bytes.u16(4);
	if (bytes.reaches(8)) packet.echo_sequence = bytes.u16(6);
}

// RFC 792, RFC 1191 (the mtu is the low half of the word that other errors leave unused).
void read_icmp(Bytes bytes, Packet &packet) {
	read_type(bytes, packet);
	if (!packet.code) return;
	switch (*packet.type) {
	case ICMP_ECHO:
	case ICMP_ECHOREPLY:
		read_echo(bytes, packet);
		break;
	case ICMP_DEST_UNREACH:
		if (*packet.code == ICMP_FRAG_NEEDED && bytes.reaches(kIcmpBytes)) packet.mtu = bytes.u16(6);
		[[fallthrough]];
	case ICMP_SOURCE_QUENCH:
	case ICMP_REDIRECT:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETERPROB:
		read_inside(bytes.from(kIcmpBytes), packet);
		break;
	default:
		break;
	}
}

// RFC 4443, RFC 4861.
void read_icmpv6(Bytes bytes, Packet &packet) {
	constexpr size_t kAddressBytes = 16;
	read_type(bytes, packet);
	if (!packet.code) return;
	switch (*packet.type) {
	case ICMP6_ECHO_REQUEST:
	case ICMP6_ECHO_REPLY:
		read_echo(bytes, packet);
		break;
	case ICMP6_PACKET_TOO_BIG:
		if (bytes.reaches(kIcmpBytes)) packet.mtu = bytes.u32(4);
		[[fallthrough]];
	case ICMP6_DST_UNREACH:
	case ICMP6_TIME_EXCEEDED:
	case ICMP6_PARAM_PROB:
		read_inside(bytes.from(kIcmpBytes), packet);
		break;
	case ND_NEIGHBOR_SOLICIT:
	case ND_NEIGHBOR_ADVERT:
	case ND_REDIRECT:
		if (!bytes.reaches(kIcmpBytes + kAddressBytes)) break;
		packet.target.size = kAddressBytes;
		bytes.copy<kAddressBytes>(kIcmpBytes, packet.target.bytes);
		break;
	default:
		break;
	}
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
		read_icmp(bytes, packet);
		break;
	case L4::kIcmpv6:
		read_icmpv6(bytes, packet);
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
