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

// RFC 1191: the low half of the second word.
TEST(Transport, IcmpTellsTheMtu) {
	EXPECT_EQ(over_ip(IPPROTO_ICMP, icmp(3, 4, 0, 1400)),
	          "icmp type destination-unreachable icmp code frag-needed icmp mtu 1400");
	EXPECT_EQ(over_ip(IPPROTO_ICMP, icmp(3, 3, 0, 1400)),
	          "icmp type destination-unreachable icmp code port-unreachable")
	        << "only frag-needed has one";
	EXPECT_EQ(over_ip6(IPPROTO_ICMPV6, icmp(2, 0, 0, 1280)),
	          "icmpv6 type packet-too-big icmpv6 code 0 icmpv6 mtu 1280");
	EXPECT_EQ(over_ip6(IPPROTO_ICMPV6, icmp(2, 0, 1, 0)),
	          "icmpv6 type packet-too-big icmpv6 code 0 icmpv6 mtu 65536")
	        << "32 bits";
}

// RFC 792, RFC 4443: the packet that could not be delivered stands behind the second word.
TEST(Transport, IcmpTellsThePacketInside) {
	EXPECT_EQ(over_ip(IPPROTO_ICMP, icmp(3, 4, 0, 1400) + ip(IPPROTO_TCP, tcp(443, 51514, 0x10))),
	          "icmp type destination-unreachable icmp code frag-needed icmp mtu 1400 inside ip saddr 10.0.0.2 "
	          "ip daddr 10.0.0.1 tcp sport 443 tcp dport 51514 tcp flags ack");
	EXPECT_EQ(over_ip6(IPPROTO_ICMPV6, icmp(1, 4) + ip6(IPPROTO_UDP, udp(53, 5353))),
	          "icmpv6 type destination-unreachable icmpv6 code port-unreachable inside ip6 saddr 2001:db8::2 "
	          "ip6 daddr 2001:db8::1 udp sport 53 udp dport 5353");
	EXPECT_EQ(over_ip(IPPROTO_ICMP, icmp(11, 0) + ip(IPPROTO_GRE, Octets(8))),
	          "icmp type time-exceeded icmp code 0 inside ip saddr 10.0.0.2 ip daddr 10.0.0.1 ip protocol gre");
}

// What a router sends of the packet ends behind its ports.
TEST(Transport, ThePacketInsideIsCut) {
	const Octets whole = ip(IPPROTO_TCP, tcp(443, 51514, 0x10));
	constexpr size_t kHeader = 20, kPorts = 4, kDestination = 20;
	const Octets cut(whole.begin(), whole.begin() + kHeader + kPorts);
	EXPECT_EQ(over_ip(IPPROTO_ICMP, icmp(11, 0) + cut), "icmp type time-exceeded icmp code 0 inside ip saddr "
	                                                    "10.0.0.2 ip daddr 10.0.0.1 tcp sport 443 tcp dport "
	                                                    "51514");
	const Octets headless(whole.begin(), whole.begin() + kDestination - 1);
	EXPECT_EQ(over_ip(IPPROTO_ICMP, icmp(11, 0) + headless), "icmp type time-exceeded icmp code 0")
	        << "without its destination it names no packet";
}

// An error may not be answered by an error; hostile ones nest as deep as they like.
TEST(Transport, AnErrorInsideOfAnErrorIsTheLastOne) {
	const Octets inner = ip(IPPROTO_ICMP, icmp(3, 3) + ip(IPPROTO_UDP, udp(1, 2)));
	EXPECT_EQ(over_ip(IPPROTO_ICMP, icmp(3, 3) + inner),
	          "icmp type destination-unreachable icmp code port-unreachable inside ip saddr 10.0.0.2 ip daddr "
	          "10.0.0.1 "
	          "icmp type destination-unreachable icmp code port-unreachable");
}

// RFC 4861: target address behind the second word.
TEST(Transport, NeighbourDiscoveryTellsItsTarget) {
	const Octets target = {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x2a};
	for (const auto &[type, name] : {std::pair<uint8_t, std::string>{135, "nd-neighbor-solicit"},
	                                 {136, "nd-neighbor-advert"},
	                                 {137, "nd-redirect"}})
		EXPECT_EQ(over_ip6(IPPROTO_ICMPV6, icmp(type, 0) + target),
		          "icmpv6 type " + name + " icmpv6 code 0 icmpv6 taddr fe80::2a");
	EXPECT_EQ(over_ip6(IPPROTO_ICMPV6, icmp(135, 0) + Octets(15)), "icmpv6 type nd-neighbor-solicit icmpv6 code 0");
	EXPECT_EQ(over_ip6(IPPROTO_ICMPV6, icmp(134, 0) + target), "icmpv6 type nd-router-advert icmpv6 code 0");
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
