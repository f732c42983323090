// SPDX-License-Identifier: GPL-2.0-only
// The "packet" member of the JSON output. What the packet does not hold is absent.
//
// clang-format off
//	l3           "ip", "ip6", "arp", or null for any other network protocol; with null there is
//	ethertype    "0x88cc"
//	saddr daddr  addresses as strings (of arp: the IPv4 addresses)
//	l4           nft's name ("tcp", "icmpv6", "gre"), the protocol's number where it has no name, null where there is
//	             no transport header or it cannot be told. arp has no l4 but
//	operation    "request", or the number
//	sport dport  numbers
//	flags        tcp: array of names, lowest bit first
//	type code    icmp, icmpv6; type alone: igmp, dccp. Names as nft has them, else numbers; the numbers are always in
//	             type_number and code_number
//	id sequence  icmp and icmpv6 echo
//	mtu          icmp frag-needed, icmpv6 packet-too-big
//	taddr        icmpv6 neighbour discovery: the target's address
//	inside       icmp and icmpv6 errors: the packet that the error is about, with the members of this table
//	spi          esp, ah
//	ether        {"saddr","daddr"}: the link header's addresses
//	arp          {"saddr","daddr"}: the hardware addresses that the arp packet speaks of
//	vlan         array, outermost tag first: {"id","pcp"}
//	frag         {"id","frag-off" (in 8 bytes),"more-fragments"}
//	exthdr       ip6: array of "hbh", "dst", "rt", "frag", "ah"
//	version hdrlength   of a broken ip or ip6 header
//	truncated    true where a header is not wholly there
// clang-format on
#ifndef NFT_DROPS_NFT_EXT_PACKET_JSON_PACKET_H
#define NFT_DROPS_NFT_EXT_PACKET_JSON_PACKET_H

#include "nft-ext/packet/packet.h"
#include "nft-ext/text/json_writer.h"

namespace nft_drops {

// Writes the object, without a key.
void write_packet_json(JsonWriter &json, const Packet &packet);

} // namespace nft_drops

#endif
