// SPDX-License-Identifier: GPL-2.0-only
// The headers of one dropped packet, as far as the event holds them.
//
// Every byte and every length is hostile: decode() never reads outside l2[] and l3[], never fails and never throws.
// What is not there is absent (an empty optional, an Address of size 0), and `truncated` names the first layer
// whose header is not wholly there: because the packet ends, because a length field says that it ends, or because
// the event keeps only ND_L3_BYTES of it. All integers are in host byte order.
#ifndef NFT_DROPS_NFT_EXT_PACKET_PACKET_H
#define NFT_DROPS_NFT_EXT_PACKET_PACKET_H

#include "bpf/shared/event.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

namespace nft_drops {

enum class L3 : uint8_t { kOther, kIp, kIp6, kArp };

// What the transport words are made of. kNone: there is no transport header (a later fragment, or one so truncated
// that not even its protocol is known); kOther: `protocol` is all that is shown.
enum class L4 : uint8_t { kNone, kOther, kTcp, kUdp, kUdplite, kSctp, kDccp, kIcmp, kIcmpv6, kIgmp, kEsp, kAh };

enum class Layer : uint8_t { kNone, kVlan, kArp, kIp, kIp6, kExthdr, kL4 };

using MacAddress = std::array<uint8_t, 6>;

struct Address {
	uint8_t size = 0; // 4, 16, or 0 where the packet does not hold it
	std::array<uint8_t, 16> bytes = {};
};

struct Ether {
	MacAddress saddr = {};
	MacAddress daddr = {};
};

struct Vlan {
	uint16_t protocol = 0; // ETH_P_8021Q or ETH_P_8021AD
	uint16_t tci = 0;

	[[nodiscard]] uint16_t id() const { return tci & 0x0fff; }
	[[nodiscard]] uint8_t pcp() const { return static_cast<uint8_t>(tci >> 13); }
};

// The event's own tag and as many as l2[] can hold; tags beyond are not looked through.
inline constexpr int kMaxVlans = 4;

struct Fragment {
	uint32_t id = 0;     // 16 bits for ip
	uint16_t offset = 0; // in units of 8 bytes
	uint16_t field = 0; // what nft calls `ip frag-off`: flags and offset; for ip6 equal to offset (`frag frag-off`)
	bool more = false;
};

struct Arp {
	std::optional<uint16_t> htype; // ARPHRD_*
	std::optional<uint16_t> ptype; // ETH_P_*
	std::optional<uint16_t> operation;
	std::optional<MacAddress> saddr; // Ethernet over IPv4 only, as are Packet.saddr and .daddr
	std::optional<MacAddress> daddr;
};

// Extension headers of ip6 that were walked over: bits of Packet.exthdrs.
enum Exthdr : uint8_t { kHbh = 0x01, kRt = 0x02, kDst = 0x04, kFrag = 0x08, kAuth = 0x10 };

struct Packet {
	L3 l3 = L3::kOther;
	L4 l4 = L4::kNone;
	Layer truncated = Layer::kNone;
	uint8_t vlan_count = 0;
	uint8_t exthdrs = 0;
	uint16_t ethertype = 0;            // ETH_P_* of what l3[] begins with, after all tags
	std::array<Vlan, kMaxVlans> vlans; // outermost first, vlan_count of them
	std::optional<Ether> ether;        // from l2[] of ARPHRD_ETHER devices

	std::optional<uint8_t> bad_version;   // of an ip or ip6 header that has another; nothing else is decoded then
	std::optional<uint8_t> bad_hdrlength; // of an ip header that is too short for itself (unit: 4 bytes)
	Address saddr;
	Address daddr;
	std::optional<Arp> arp;
	std::optional<Fragment> fragment;
	std::optional<uint8_t> protocol; // of the transport header: for ip6 after the extension headers
	std::optional<uint8_t> rt_type;

	std::optional<uint16_t> sport; // tcp, udp, udplite, sctp, dccp
	std::optional<uint16_t> dport;
	std::optional<uint8_t> tcp_flags; // byte 13 of the header
	std::optional<uint8_t> type;      // icmp, icmpv6, igmp, dccp
	std::optional<uint8_t> code;      // icmp, icmpv6
	std::optional<uint16_t> echo_id;  // icmp and icmpv6 echo request and reply
	std::optional<uint16_t> echo_sequence;
	std::optional<uint32_t> mtu; // icmp frag-needed (0 from a router older than RFC 1191), icmpv6 packet-too-big
	Address target;              // icmpv6 neighbour discovery: the address that is asked for, told or redirected
	// The packet that an ICMP error is about: addresses, ports and types as far as the error carries them (RFC 792:
	// 8 bytes of its transport header), so its `truncated` means nothing. Null where this is no such error, or
	// where it ends before the destination address. A packet inside has no further one.
	std::shared_ptr<const Packet> inside;
	bool is_inside = false;
	std::optional<uint32_t> spi; // esp, ah
};

// What pf and protocol of the event say decides how l3[] is read: the hooks of ip, ip6 and arp see nothing else,
// bridge, netdev and inet ingress see anything.
Packet decode(const nd_event &event);

} // namespace nft_drops

#endif
