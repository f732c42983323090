// SPDX-License-Identifier: GPL-2.0-only
#include "packets.h"

#include <gtest/gtest.h>

namespace nft_drops::test {
namespace {

// Only the transport's words: what stands between the addresses and the length.
std::string transport_of(const std::string &words, std::string_view last_address) {
	const size_t begin = words.find(last_address) + last_address.size() + 1;
	return words.substr(begin, words.rfind(" length ") - begin);
}

std::string over_ip(uint8_t protocol, const Octets &payload) {
	return transport_of(words_of(ip_event(ip(protocol, payload))), "ip daddr 10.0.0.1");
}

std::string over_ip6(uint8_t protocol, const Octets &payload) {
	return transport_of(words_of(ip6_event(ip6(protocol, payload))), "ip6 daddr 2001:db8::1");
}

TEST(Transport, Tcp) {
	EXPECT_EQ(over_ip(IPPROTO_TCP, tcp(51514, 10000, 0x02)), "tcp sport 51514 tcp dport 10000 tcp flags syn");
	EXPECT_EQ(over_ip6(IPPROTO_TCP, tcp(0, 65535, 0x11)), "tcp sport 0 tcp dport 65535 tcp flags fin,ack");
}

// The names and the order are those of `nft describe tcp flags`.
TEST(Transport, TcpFlags) {
	EXPECT_EQ(over_ip(IPPROTO_TCP, tcp(1, 2, 0xff)),
	          "tcp sport 1 tcp dport 2 tcp flags fin,syn,rst,psh,ack,urg,ecn,cwr");
	EXPECT_EQ(over_ip(IPPROTO_TCP, tcp(1, 2, 0x00)), "tcp sport 1 tcp dport 2 tcp flags 0x0");
	EXPECT_EQ(over_ip(IPPROTO_TCP, tcp(1, 2, 0x14)), "tcp sport 1 tcp dport 2 tcp flags rst,ack");
}

TEST(Transport, Udp) {
	EXPECT_EQ(over_ip(IPPROTO_UDP, udp(5353, 5353)), "udp sport 5353 udp dport 5353");
	EXPECT_EQ(over_ip(IPPROTO_UDPLITE, udp(1, 2)), "udplite sport 1 udplite dport 2");
	EXPECT_EQ(over_ip6(IPPROTO_UDPLITE, udp(1, 2)), "udplite sport 1 udplite dport 2");
}

TEST(Transport, Sctp) {
	EXPECT_EQ(over_ip(IPPROTO_SCTP, sctp(36412, 38412)), "sctp sport 36412 sctp dport 38412");
	EXPECT_EQ(over_ip6(IPPROTO_SCTP, sctp(1, 2)), "sctp sport 1 sctp dport 2");
}

TEST(Transport, Dccp) {
	EXPECT_EQ(over_ip(IPPROTO_DCCP, dccp(1, 2, 0)), "dccp sport 1 dccp dport 2 dccp type request");
	EXPECT_EQ(over_ip(IPPROTO_DCCP, dccp(1, 2, 9)), "dccp sport 1 dccp dport 2 dccp type syncack");
	EXPECT_EQ(over_ip(IPPROTO_DCCP, dccp(1, 2, 12)), "dccp sport 1 dccp dport 2 dccp type 12");
}

TEST(Transport, Icmp) {
	EXPECT_EQ(over_ip(IPPROTO_ICMP, icmp(8, 0, 77, 3)),
	          "icmp type echo-request icmp code 0 icmp id 77 icmp sequence 3");
	EXPECT_EQ(over_ip(IPPROTO_ICMP, icmp(0, 0, 77, 3)),
	          "icmp type echo-reply icmp code 0 icmp id 77 icmp sequence 3");
	EXPECT_EQ(over_ip(IPPROTO_ICMP, icmp(3, 3)), "icmp type destination-unreachable icmp code port-unreachable");
	EXPECT_EQ(over_ip(IPPROTO_ICMP, icmp(3, 7)), "icmp type destination-unreachable icmp code 7");
	EXPECT_EQ(over_ip(IPPROTO_ICMP, icmp(5, 1)), "icmp type redirect icmp code 1");
	EXPECT_EQ(over_ip(IPPROTO_ICMP, icmp(77, 3)), "icmp type 77 icmp code 3");
}

TEST(Transport, Icmpv6) {
	EXPECT_EQ(over_ip6(IPPROTO_ICMPV6, icmp(135, 0)), "icmpv6 type nd-neighbor-solicit icmpv6 code 0");
	EXPECT_EQ(over_ip6(IPPROTO_ICMPV6, icmp(1, 4)),
	          "icmpv6 type destination-unreachable icmpv6 code port-unreachable");
	EXPECT_EQ(over_ip6(IPPROTO_ICMPV6, icmp(128, 0, 1, 2)),
	          "icmpv6 type echo-request icmpv6 code 0 icmpv6 id 1 icmpv6 sequence 2");
	EXPECT_EQ(over_ip6(IPPROTO_ICMPV6, icmp(200, 1)), "icmpv6 type 200 icmpv6 code 1");
}

TEST(Transport, Igmp) {
	EXPECT_EQ(over_ip(IPPROTO_IGMP, igmp(0x16)), "igmp type membership-report-v2");
	EXPECT_EQ(over_ip(IPPROTO_IGMP, igmp(0x13)), "igmp type 19");
}

TEST(Transport, Ipsec) {
	EXPECT_EQ(over_ip(IPPROTO_ESP, esp(0xffffffff)), "esp spi 4294967295");
	EXPECT_EQ(over_ip(IPPROTO_AH, auth(IPPROTO_TCP, 7) + tcp(1, 2, 2)), "ah spi 7");
}

} // namespace
} // namespace nft_drops::test
