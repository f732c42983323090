// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/packet/decode.h"

#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>

namespace nft_drops {

namespace {

constexpr size_t kEtherBytes = 14;
constexpr size_t kTagBytes = 4; // TCI, then the EtherType of what follows

bool is_tag(uint16_t ethertype) {
	return ethertype == ETH_P_8021Q || ethertype == ETH_P_8021AD;
}

bool add_tag(Packet &packet, uint16_t protocol, uint16_t tci) {
	if (packet.vlan_count == kMaxVlans) return false;
	packet.vlans[packet.vlan_count++] = {.protocol = protocol, .tci = tci};
	return true;
}

// The kernel's hooks for one network protocol are only entered with its header at the network header.
bool untagged_hook(uint8_t pf) {
	return pf == NFPROTO_IPV4 || pf == NFPROTO_IPV6 || pf == NFPROTO_ARP;
}

} // namespace

Bytes decode_link(const nd_event &event, Packet &packet) {
	packet.ethertype = event.protocol;
	if (event.flags & ND_FLAG_VLAN) add_tag(packet, event.vlan_proto, event.vlan_tci);

	// A full l2[] may have lost its beginning: where the addresses stand is then unknown.
	if ((event.flags & ND_FLAG_L2) && event.dev_type == ARPHRD_ETHER && event.l2_len >= kEtherBytes &&
	    event.l2_len < ND_L2_BYTES) {
		const Bytes link(event.l2, event.l2_len);
		Ether &ether = packet.ether.emplace();
		link.copy<6>(0, ether.daddr);
		link.copy<6>(6, ether.saddr);
		size_t at = kEtherBytes;
		uint16_t ethertype = link.u16(12);
		while (is_tag(ethertype) && link.reaches(at + kTagBytes) && add_tag(packet, ethertype, link.u16(at))) {
			// skb->protocol stays at the tag's type while the network header is behind the tag.
			packet.ethertype = ethertype = link.u16(at + 2);
			at += kTagBytes;
		}
	}

	Bytes network(event.l3, std::min<size_t>(event.l3_len, ND_L3_BYTES));
	if (untagged_hook(event.pf)) return network;
	// skb_vlan_untag() takes the outer tag out of the packet; a second one is left at the network header.
	while (is_tag(packet.ethertype)) {
		if (!network.reaches(kTagBytes)) {
			if (network.reaches(2)) add_tag(packet, packet.ethertype, network.u16(0));
			packet.truncated = Layer::kVlan;
			return network;
		}
		if (!add_tag(packet, packet.ethertype, network.u16(0))) return network;
		packet.ethertype = network.u16(2);
		network = network.from(kTagBytes);
	}
	return network;
}

} // namespace nft_drops
