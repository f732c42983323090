// SPDX-License-Identifier: GPL-2.0-only
// A packet in nft's match words, as `monitor` shows it:
//
//	iif "veth0" ip saddr 10.0.0.2 ip daddr 10.0.0.1 tcp sport 51514 tcp dport 10000 tcp flags syn length 60
//
// Order: iif, oif, physin, physout, ether, vlan, network, transport, length. Put after `add rule FAMILY TABLE CHAIN`,
// the words are a match that this packet passes (nft 1.0.6 takes them), with these exceptions:
//
//	physin, physout  the ports of the bridge through which a bridged packet came and goes out, as the kernel's log
//	                 names them (PHYSIN, PHYSOUT); nft has no words for them
//	length N         nft spells it `meta length`; here it counts from the network header on
//	LAYER truncated  the first header that is not wholly there: vlan, arp, ip, ip6, exthdr, tcp, udp, udplite, sctp,
//	                 dccp, icmp, icmpv6, igmp, esp or ah. The words before it are those that could be read
//	inside WORDS     the packet that an ICMP error is about: its network and transport words, as far as the error
//	                 carries them. nft has no words for it
//	icmpv6 taddr A   the target of neighbour discovery; nft reads it since 1.0.8
//	ip version N, ip6 version N, ip hdrlength N
//	                 a broken header; nothing behind it is decoded
//
// What an admin would have to know:
//	- An interface without a name is given by its number (`iif 7`).
//	- ether words are there in tables of family arp, bridge and netdev and for unknown network protocols, where the
//	  packet has an Ethernet header.
//	- Values without a name in nft are numbers, as nft prints them. ICMP codes have their names only with the type
//	  that nft made them for (destination-unreachable).
//	- `ip frag-off` is the whole 16-bit field, as in nft, in hexadecimal: 0x2000 is the flag "more fragments", the
//	  lower 13 bits are the offset in units of 8 bytes. Later fragments have no ports; their protocol is told.
//	- An AH header of ip6 has no word (nft 1.0.6 aborts on `ah` next to a transport match).
#ifndef NFT_DROPS_NFT_EXT_PACKET_WORDS_H
#define NFT_DROPS_NFT_EXT_PACKET_WORDS_H

#include "bpf/shared/event.h"
#include "nft-ext/packet/packet.h"
#include "nft-ext/packet/word_style.h"

#include <string>
#include <string_view>

namespace nft_drops {

// Appends the words without a space in front or behind; one line, no control characters.
void append_words(std::string &out, const nd_event &event, const Packet &packet, const WordStyle &style = kNftsStyle);

// The transport's name: "tcp", "icmpv6", "gre"; empty where there is none or it has no name.
std::string_view transport_name(const Packet &packet);
// What stands before "truncated"; empty where nothing is.
std::string_view truncated_layer(const Packet &packet);

} // namespace nft_drops

#endif
