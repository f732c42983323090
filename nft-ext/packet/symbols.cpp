// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/packet/symbols.h"

#include <linux/if_ether.h>

#include <utility>

namespace nft_drops {

namespace {

// Names by number, for numbers that fit a byte.
using Table = std::array<std::string_view, 256>;

template <size_t N> constexpr Table table(const std::pair<uint8_t, std::string_view> (&names)[N]) {
	Table result = {};
	for (const auto &[number, name] : names)
		result[number] = name;
	return result;
}

constexpr Table kIcmpTypes = table({{0, "echo-reply"},
                                    {3, "destination-unreachable"},
                                    {4, "source-quench"},
                                    {5, "redirect"},
                                    {8, "echo-request"},
                                    {9, "router-advertisement"},
                                    {10, "router-solicitation"},
                                    {11, "time-exceeded"},
                                    {12, "parameter-problem"},
                                    {13, "timestamp-request"},
                                    {14, "timestamp-reply"},
                                    {15, "info-request"},
                                    {16, "info-reply"},
                                    {17, "address-mask-request"},
                                    {18, "address-mask-reply"}});

constexpr Table kIcmpCodes = table({{0, "net-unreachable"},
                                    {1, "host-unreachable"},
                                    {2, "prot-unreachable"},
                                    {3, "port-unreachable"},
                                    {4, "frag-needed"},
                                    {9, "net-prohibited"},
                                    {10, "host-prohibited"},
                                    {13, "admin-prohibited"}});

// nft knows 132 as mld-listener-reduction, too, and prints it as here.
constexpr Table kIcmpv6Types = table({{1, "destination-unreachable"},
                                      {2, "packet-too-big"},
                                      {3, "time-exceeded"},
                                      {4, "parameter-problem"},
                                      {128, "echo-request"},
                                      {129, "echo-reply"},
                                      {130, "mld-listener-query"},
                                      {131, "mld-listener-report"},
                                      {132, "mld-listener-done"},
                                      {133, "nd-router-solicit"},
                                      {134, "nd-router-advert"},
                                      {135, "nd-neighbor-solicit"},
                                      {136, "nd-neighbor-advert"},
                                      {137, "nd-redirect"},
                                      {138, "router-renumbering"},
                                      {141, "ind-neighbor-solicit"},
                                      {142, "ind-neighbor-advert"},
                                      {143, "mld2-listener-report"}});

constexpr Table kIcmpv6Codes = table({{0, "no-route"},
                                      {1, "admin-prohibited"},
                                      {3, "addr-unreachable"},
                                      {4, "port-unreachable"},
                                      {5, "policy-fail"},
                                      {6, "reject-route"}});

constexpr Table kIgmpTypes = table({{0x11, "membership-query"},
                                    {0x12, "membership-report-v1"},
                                    {0x16, "membership-report-v2"},
                                    {0x17, "leave-group"},
                                    {0x22, "membership-report-v3"}});

constexpr Table kDccpTypes = table({{0, "request"},
                                    {1, "response"},
                                    {2, "data"},
                                    {3, "ack"},
                                    {4, "dataack"},
                                    {5, "closereq"},
                                    {6, "close"},
                                    {7, "reset"},
                                    {8, "sync"},
                                    {9, "syncack"}});

constexpr Table kArpOperations = table(
        {{1, "request"}, {2, "reply"}, {3, "rrequest"}, {4, "rreply"}, {8, "inrequest"}, {9, "inreply"}, {10, "nak"}});

constexpr Table kProtocols =
        table({{1, "icmp"},        {2, "igmp"},   {4, "ipencap"}, {6, "tcp"},      {17, "udp"},  {33, "dccp"},
               {41, "ipv6"},       {46, "rsvp"},  {47, "gre"},    {50, "esp"},     {51, "ah"},   {58, "ipv6-icmp"},
               {59, "ipv6-nonxt"}, {88, "eigrp"}, {89, "ospf"},   {97, "etherip"}, {103, "pim"}, {108, "ipcomp"},
               {112, "vrrp"},      {115, "l2tp"}, {132, "sctp"},  {136, "udplite"}});

constexpr uint8_t kDestinationUnreachable = 3;
constexpr uint8_t kDestinationUnreachable6 = 1;

} // namespace

std::string_view icmp_type_name(uint8_t type) {
	return kIcmpTypes[type];
}

std::string_view icmpv6_type_name(uint8_t type) {
	return kIcmpv6Types[type];
}

std::string_view icmp_code_name(uint8_t type, uint8_t code) {
	return type == kDestinationUnreachable ? kIcmpCodes[code] : std::string_view();
}

std::string_view icmpv6_code_name(uint8_t type, uint8_t code) {
	return type == kDestinationUnreachable6 ? kIcmpv6Codes[code] : std::string_view();
}

std::string_view igmp_type_name(uint8_t type) {
	return kIgmpTypes[type];
}

std::string_view dccp_type_name(uint8_t type) {
	return kDccpTypes[type];
}

std::string_view arp_operation_name(uint16_t operation) {
	return operation < kArpOperations.size() ? kArpOperations[operation] : std::string_view();
}

std::string_view ethertype_name(uint16_t ethertype) {
	switch (ethertype) {
	case ETH_P_IP:
		return "ip";
	case ETH_P_ARP:
		return "arp";
	case ETH_P_IPV6:
		return "ip6";
	case ETH_P_8021Q:
		return "8021q";
	case ETH_P_8021AD:
		return "8021ad";
	default:
		return {};
	}
}

std::string_view protocol_name(uint8_t protocol) {
	return kProtocols[protocol];
}

} // namespace nft_drops
