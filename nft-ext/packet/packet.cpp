// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/packet/packet.h"

#include "nft-ext/packet/decode.h"

#include <linux/if_ether.h>
#include <linux/netfilter.h>

namespace nft_drops {

namespace {

L3 network_layer(const nd_event &event, uint16_t ethertype) {
	switch (event.pf) {
	case NFPROTO_IPV4:
		return L3::kIp;
	case NFPROTO_IPV6:
		return L3::kIp6;
	case NFPROTO_ARP:
		return L3::kArp;
	default:
		break;
	}
	switch (ethertype) {
	case ETH_P_IP:
		return L3::kIp;
	case ETH_P_IPV6:
		return L3::kIp6;
	case ETH_P_ARP:
		return L3::kArp;
	default:
		return L3::kOther;
	}
}

} // namespace

Packet decode(const nd_event &event) {
	Packet packet;
	const Bytes network = decode_link(event, packet);
	if (packet.truncated != Layer::kNone) return packet;
	packet.l3 = network_layer(event, packet.ethertype);
	switch (packet.l3) {
	case L3::kIp:
		decode_ip(network, packet);
		break;
	case L3::kIp6:
		decode_ip6(network, packet);
		break;
	case L3::kArp:
		decode_arp(network, packet);
		break;
	case L3::kOther:
		break;
	}
	return packet;
}

} // namespace nft_drops
