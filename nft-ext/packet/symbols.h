// SPDX-License-Identifier: GPL-2.0-only
// nft's names for numbers (`nft describe icmp type` and so on prints the same; a unit test compares them).
// A name is empty where there is none: nft takes the number as well then.
#ifndef NFT_DROPS_NFT_EXT_PACKET_SYMBOLS_H
#define NFT_DROPS_NFT_EXT_PACKET_SYMBOLS_H

#include <array>
#include <cstdint>
#include <string_view>

namespace nft_drops {

// Bit i of a tcp header's byte 13. nft prints the lowest bit first.
inline constexpr std::array<std::string_view, 8> kTcpFlags = {"fin", "syn", "rst", "psh", "ack", "urg", "ecn", "cwr"};

std::string_view icmp_type_name(uint8_t type);
std::string_view icmpv6_type_name(uint8_t type);
// nft has one list of code names, all of them those of destination-unreachable, and prints them with any type
// ("echo-request, net-unreachable"). Here they are only used where they are true.
std::string_view icmp_code_name(uint8_t type, uint8_t code);
std::string_view icmpv6_code_name(uint8_t type, uint8_t code);
std::string_view igmp_type_name(uint8_t type);
std::string_view dccp_type_name(uint8_t type);
std::string_view arp_operation_name(uint16_t operation);
std::string_view ethertype_name(uint16_t ethertype);
// Those of /etc/protocols that stand in packets one meets; nft reads that file, this program does not.
std::string_view protocol_name(uint8_t protocol);

} // namespace nft_drops

#endif
