// SPDX-License-Identifier: GPL-2.0-only
#include "packets.h"

#include <gtest/gtest.h>
#include <linux/if_ether.h>

namespace nft_drops::test {
namespace {

const std::string kAddresses = "iif \"veth0\" ip saddr 10.0.0.2 ip daddr 10.0.0.1 ";

TEST(Ip, OptionsAreSkipped) {
	const Octets router_alert = {0x94, 4, 0, 0};
	EXPECT_EQ(words_of(ip_event(ip(IPPROTO_UDP, udp(1, 2), {.options = router_alert}))),
	          kAddresses + "udp sport 1 udp dport 2 length 32");
	EXPECT_EQ(words_of(ip_event(ip(IPPROTO_UDP, udp(1, 2), {.options = Octets(40)}))),
	          kAddresses + "udp sport 1 udp dport 2 length 68");
}

TEST(Ip, FirstFragmentHasPorts) {
	EXPECT_EQ(words_of(ip_event(ip(IPPROTO_UDP, udp(1, 2), {.id = 4711, .frag_off = 0x2000}))),
	          kAddresses + "ip id 4711 ip frag-off 0x2000 udp sport 1 udp dport 2 length 28");
}

TEST(Ip, LaterFragmentsHaveNone) {
	EXPECT_EQ(words_of(ip_event(ip(IPPROTO_UDP, udp(1, 2), {.id = 4711, .frag_off = 0x20b9}))),
	          kAddresses + "ip id 4711 ip frag-off 0x20b9 ip protocol udp length 28");
	EXPECT_EQ(words_of(ip_event(ip(IPPROTO_UDP, udp(1, 2), {.id = 4711, .frag_off = 185}))),
	          kAddresses + "ip id 4711 ip frag-off 0x00b9 ip protocol udp length 28");
	EXPECT_EQ(words_of(ip_event(ip(253, {}, {.id = 1, .frag_off = 185}))),
	          kAddresses + "ip id 1 ip frag-off 0x00b9 ip protocol 253 length 20");
}

TEST(Ip, DontFragmentIsNoFragment) {
	EXPECT_EQ(words_of(ip_event(ip(IPPROTO_UDP, udp(1, 2), {.id = 4711, .frag_off = 0x4000}))),
	          kAddresses + "udp sport 1 udp dport 2 length 28");
}

TEST(Ip, OtherProtocols) {
	EXPECT_EQ(words_of(ip_event(ip(IPPROTO_GRE, Octets(8)))), kAddresses + "ip protocol gre length 28");
	EXPECT_EQ(words_of(ip_event(ip(89, Octets(8)))), kAddresses + "ip protocol ospf length 28");
	EXPECT_EQ(words_of(ip_event(ip(253, Octets(8)))), kAddresses + "ip protocol 253 length 28");
	EXPECT_EQ(words_of(ip_event(ip(0, {}))), kAddresses + "ip protocol 0 length 20");
	EXPECT_EQ(words_of(ip_event(ip(IPPROTO_ICMPV6, icmp(128, 0)))), kAddresses + "ip protocol ipv6-icmp length 28");
}

TEST(Ip, PaddingIsNoHeader) {
	Octets packet = ip(IPPROTO_UDP, {});
	packet.resize(46); // the shortest Ethernet payload
	EXPECT_EQ(words_of(ip_event(packet)), kAddresses + "udp truncated length 46");
	packet = ip(IPPROTO_UDP, u16(1));
	packet.resize(46);
	EXPECT_EQ(words_of(ip_event(packet)), kAddresses + "udp sport 1 udp truncated length 46");
}

TEST(Ip, TotalLengthThatCannotBe) {
	for (const uint16_t total : {0, 19, 28, 65535}) {
		Octets packet = ip(IPPROTO_UDP, udp(1, 2));
		packet[2] = static_cast<uint8_t>(total >> 8);
		packet[3] = static_cast<uint8_t>(total);
		EXPECT_EQ(words_of(ip_event(packet)), kAddresses + "udp sport 1 udp dport 2 length 28") << total;
	}
}

TEST(Ip, BrokenHeaders) {
	Octets packet = ip(IPPROTO_UDP, udp(1, 2));
	packet[0] = 0x65;
	EXPECT_EQ(words_of(ip_event(packet)), "iif \"veth0\" ip version 6 length 28");
	packet[0] = 0x43;
	EXPECT_EQ(words_of(ip_event(packet)), "iif \"veth0\" ip hdrlength 3 ip saddr 10.0.0.2 ip daddr 10.0.0.1 "
	                                      "ip protocol udp length 28");
	packet[0] = 0x4f; // 60 bytes
	EXPECT_EQ(words_of(ip_event(packet)), kAddresses + "ip protocol udp ip truncated length 28");
}

TEST(Ip, LengthIsThePacketsNotTheEventsCopy) {
	nd_event event = ip_event(ip(IPPROTO_UDP, udp(1, 2) + Octets(1000)));
	EXPECT_EQ(event.l3_len, ND_L3_BYTES);
	EXPECT_EQ(words_of(event), kAddresses + "udp sport 1 udp dport 2 length 1028");
}

TEST(Ip, LyingL3Length) {
	nd_event event = ip_event(ip(IPPROTO_TCP, tcp(1, 2, 2)));
	event.l3_len = 255;
	EXPECT_EQ(words_of(event), kAddresses + "tcp sport 1 tcp dport 2 tcp flags syn length 40");
}

} // namespace
} // namespace nft_drops::test
