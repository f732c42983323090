// SPDX-License-Identifier: GPL-2.0-only
#include "packets.h"

#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter_arp.h>

namespace nft_drops::test {
namespace {

nd_event arp_event(const Octets &network) {
	nd_event event = event_of(network, NFPROTO_ARP);
	event.family = NFPROTO_ARP;
	event.hook = NF_ARP_IN;
	event.protocol = ETH_P_ARP;
	return event;
}

TEST(Arp, Request) {
	EXPECT_EQ(words_of(arp_event(arp(1))),
	          "iif \"veth0\" arp operation request arp saddr ether 02:00:00:00:00:02 arp saddr ip 10.0.0.2 "
	          "arp daddr ip 10.0.0.1 length 28");
}

TEST(Arp, ReplyWithLinkHeader) {
	Octets packet = arp(2);
	packet[18] = 0x02;
	packet[23] = 0x01;
	nd_event event = arp_event(packet);
	set_link(event, ether(ETH_P_ARP));
	EXPECT_EQ(words_of(event), "iif \"veth0\" ether saddr 02:00:00:00:00:02 ether daddr 02:00:00:00:00:01 "
	                           "arp operation reply arp saddr ether 02:00:00:00:00:02 arp saddr ip 10.0.0.2 "
	                           "arp daddr ether 02:00:00:00:00:01 arp daddr ip 10.0.0.1 length 28");
}

TEST(Arp, OtherHardware) {
	// IEEE 802 (6), protocol 0x0805, 2-byte and 1-byte addresses.
	const Octets packet = u16(6) + u16(0x0805) + Octets{2, 1} + u16(9) + Octets(6);
	EXPECT_EQ(words_of(arp_event(packet)),
	          "iif \"veth0\" arp htype 6 arp ptype 0x0805 arp operation inreply length 14");
}

TEST(Arp, LyingAddressLengths) {
	Octets packet = arp(77);
	packet[4] = 255;
	packet[5] = 255;
	EXPECT_EQ(words_of(arp_event(packet)), "iif \"veth0\" arp operation 77 arp truncated length 28");
}

TEST(Arp, Truncated) {
	const Octets whole = arp(1);
	const auto cut = [&](size_t size) { return words_of(arp_event(Octets(whole.begin(), whole.begin() + size))); };
	EXPECT_EQ(cut(0), "iif \"veth0\" arp truncated length 0");
	EXPECT_EQ(cut(7), "iif \"veth0\" arp truncated length 7");
	EXPECT_EQ(cut(8), "iif \"veth0\" arp operation request arp truncated length 8");
	EXPECT_EQ(cut(27), "iif \"veth0\" arp operation request arp saddr ether 02:00:00:00:00:02 "
	                   "arp saddr ip 10.0.0.2 arp truncated length 27");
}

} // namespace
} // namespace nft_drops::test
