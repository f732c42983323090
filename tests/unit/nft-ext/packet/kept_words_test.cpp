// SPDX-License-Identifier: GPL-2.0-only
// Words that are kept are those that would be made: whichever byte of an event differs from one seen just before.
#include "packets.h"

#include "nft-ext/packet/kept_words.h"

#include <gtest/gtest.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>

#include <cstring>

namespace nft_drops::test {
namespace {

std::vector<nd_event> examples() {
	std::vector<nd_event> all = {ip_event(ip(IPPROTO_TCP, tcp(1, 2, 2))),
	                             ip_event(ip(IPPROTO_UDP, udp(1, 2))),
	                             ip_event(ip(IPPROTO_UDP, udp(1, 2), {.id = 9, .frag_off = 0x2000})),
	                             ip_event(ip(IPPROTO_ICMP, icmp(8, 0, 1, 2))),
	                             ip_event(ip(IPPROTO_TCP, Octets(7))),
	                             ip6_event(ip6(IPPROTO_TCP, tcp(1, 2, 2))),
	                             ip6_event(ip6(IPPROTO_UDP, udp(1, 2))),
	                             ip6_event(ip6(IPPROTO_HOPOPTS, ip6_options(IPPROTO_UDP) + udp(1, 2)))};
	for (const Octets &link : {ether(ETH_P_IP), ether(ETH_P_8021Q) + tag(5, ETH_P_IP)}) {
		nd_event event = ip_event(ip(IPPROTO_UDP, udp(1, 2)));
		set_link(event, link);
		event.dev_type = ARPHRD_ETHER;
		all.push_back(event);
	}
	return all;
}

TEST(KeptWords, AreMadeAnewWhereAnyByteOfTheEventDiffers) {
	KeptWords kept;
	size_t compared = 0;
	for (const nd_event &example : examples()) {
		for (size_t at = 0; at < sizeof(nd_event); at++) {
			for (const uint8_t flip : {0x01, 0x04, 0x10, 0x80, 0xff}) {
				ASSERT_EQ(kept.of(example), words_of(example));
				nd_event other = example;
				reinterpret_cast<uint8_t *>(&other)[at] ^= flip;
				ASSERT_EQ(kept.of(other), words_of(other)) << "byte " << at;
				compared++;
			}
		}
	}
	EXPECT_EQ(compared, examples().size() * sizeof(nd_event) * 5);
}

// What differs from packet to packet of a flow, and is not shown: kept all the same, which its address tells.
TEST(KeptWords, OfOneFlowAreKept) {
	KeptWords kept;
	nd_event event = ip_event(ip(IPPROTO_UDP, udp(1, 2)));
	const std::string_view first = kept.of(event);
	event.l3[4] = 7;
	event.l3[11] = 9;
	event.time_ns++;
	EXPECT_EQ(kept.of(event).data(), first.data());
}

} // namespace
} // namespace nft_drops::test
