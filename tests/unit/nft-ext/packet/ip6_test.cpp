// SPDX-License-Identifier: GPL-2.0-only
#include "packets.h"

#include <gtest/gtest.h>
#include <linux/if_ether.h>

namespace nft_drops::test {
namespace {

const std::string kAddresses = "iif \"veth0\" ip6 saddr 2001:db8::2 ip6 daddr 2001:db8::1 ";

TEST(Ip6, Plain) {
	EXPECT_EQ(words_of(ip6_event(ip6(IPPROTO_UDP, udp(1, 2)))), kAddresses + "udp sport 1 udp dport 2 length 48");
}

TEST(Ip6, ExtensionHeaders) {
	const Octets chain = ip6_options(IPPROTO_ROUTING) + ip6_routing(IPPROTO_DSTOPTS, 0) + ip6_options(IPPROTO_TCP);
	EXPECT_EQ(words_of(ip6_event(ip6(IPPROTO_HOPOPTS, chain + tcp(1, 2, 0x12)))),
	          kAddresses + "exthdr hbh exists exthdr dst exists rt type 0 tcp sport 1 tcp dport 2 "
	                       "tcp flags syn,ack length 84");
}

TEST(Ip6, AuthenticationHeaderIsWalkedOver) {
	EXPECT_EQ(words_of(ip6_event(ip6(IPPROTO_AH, auth(IPPROTO_UDP, 5) + udp(1, 2)))),
	          kAddresses + "udp sport 1 udp dport 2 length 72");
	EXPECT_EQ(words_of(ip6_event(ip6(IPPROTO_AH, auth(253, 5)))), kAddresses + "meta l4proto 253 length 64");
}

TEST(Ip6, EspEndsTheWalk) {
	EXPECT_EQ(words_of(ip6_event(ip6(IPPROTO_ESP, esp(0xdeadbeef)))), kAddresses + "esp spi 3735928559 length 48");
}

TEST(Ip6, Fragments) {
	EXPECT_EQ(words_of(ip6_event(ip6(IPPROTO_FRAGMENT, ip6_frag(IPPROTO_UDP, 0, true, 99) + udp(1, 2)))),
	          kAddresses + "frag id 99 frag frag-off 0 frag more-fragments 1 udp sport 1 udp dport 2 length 56");
	EXPECT_EQ(words_of(ip6_event(ip6(IPPROTO_FRAGMENT, ip6_frag(IPPROTO_UDP, 185, false, 99) + udp(1, 2)))),
	          kAddresses + "frag id 99 frag frag-off 185 frag nexthdr udp length 56");
	EXPECT_EQ(words_of(ip6_event(ip6(IPPROTO_FRAGMENT, ip6_frag(253, 8191, true, 0xffffffff)))),
	          kAddresses +
	                  "frag id 4294967295 frag frag-off 8191 frag more-fragments 1 frag nexthdr 253 length 48");
}

TEST(Ip6, OtherProtocols) {
	EXPECT_EQ(words_of(ip6_event(ip6(89, {}))), kAddresses + "ip6 nexthdr ospf length 40");
	EXPECT_EQ(words_of(ip6_event(ip6(253, {}))), kAddresses + "ip6 nexthdr 253 length 40");
	EXPECT_EQ(words_of(ip6_event(ip6(IPPROTO_ICMP, icmp(8, 0)))), kAddresses + "ip6 nexthdr icmp length 48");
	EXPECT_EQ(words_of(ip6_event(ip6(IPPROTO_NONE, {}))), kAddresses + "ip6 nexthdr ipv6-nonxt length 40");
	EXPECT_EQ(words_of(ip6_event(ip6(IPPROTO_DSTOPTS, ip6_options(IPPROTO_NONE)))),
	          kAddresses + "exthdr dst exists meta l4proto ipv6-nonxt length 48");
}

TEST(Ip6, LyingExtensionLength) {
	Octets options = ip6_options(IPPROTO_TCP);
	options[1] = 255; // 2048 bytes
	EXPECT_EQ(words_of(ip6_event(ip6(IPPROTO_HOPOPTS, options + tcp(1, 2, 2)))),
	          kAddresses + "exthdr hbh exists exthdr truncated length 68");
}

TEST(Ip6, ExtensionHeadersBeyondTheCopy) {
	Octets chain;
	for (int i = 0; i < 12; ++i)
		chain = chain + ip6_options(IPPROTO_DSTOPTS);
	EXPECT_EQ(words_of(ip6_event(ip6(IPPROTO_DSTOPTS, chain))),
	          kAddresses + "exthdr dst exists exthdr truncated length 136");
}

TEST(Ip6, PaddingIsNoHeader) {
	Octets packet = ip6(IPPROTO_UDP, u16(1));
	packet.resize(60);
	EXPECT_EQ(words_of(ip6_event(packet)), kAddresses + "udp sport 1 udp truncated length 60");
}

// A payload length of 0 is what jumbograms have.
TEST(Ip6, PayloadLengthZero) {
	Octets packet = ip6(IPPROTO_UDP, udp(1, 2));
	packet[4] = packet[5] = 0;
	EXPECT_EQ(words_of(ip6_event(packet)), kAddresses + "udp sport 1 udp dport 2 length 48");
}

TEST(Ip6, BrokenVersion) {
	Octets packet = ip6(IPPROTO_UDP, udp(1, 2));
	packet[0] = 0x45;
	EXPECT_EQ(words_of(ip6_event(packet)), "iif \"veth0\" ip6 version 4 length 48");
}

} // namespace
} // namespace nft_drops::test
