// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/capture/frame.h"

#include "packets.h"

#include "nft-ext/capture/link_type.h"

#include <gtest/gtest.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter_arp.h>

#include <cstring>

namespace nft_drops::test {
namespace {

using namespace pcapng;

// An event with the bytes that the probe keeps of it.
struct Seen {
	nd_event event;
	std::vector<uint64_t> room; // of a nd_capture and its bytes, aligned
	[[nodiscard]] nd_capture &capture() { return *reinterpret_cast<nd_capture *>(room.data()); }
};

Seen seen(nd_event event, const Octets &link, const Octets &network, size_t snaplen = 65536) {
	Seen s{event, {}};
	const Octets all = link + network;
	const size_t kept = std::min(all.size(), snaplen);
	s.room.resize((sizeof(nd_capture) + kept) / 8 + 1);
	nd_capture &c = s.capture();
	c.kept = static_cast<nd_u32>(kept);
	c.link_bytes = static_cast<nd_u32>(link.size());
	c.ifindex = 2;
	c.dev_type = ARPHRD_ETHER;
	set_name(c.ifname, "veth0");
	std::memcpy(c.bytes, all.data(), kept);
	return s;
}

Octets bytes_of(const Frame &frame) {
	Octets all;
	for (const auto &piece : frame.pieces)
		all.insert(all.end(), piece.begin(), piece.end());
	return all;
}

const Octets kPacket = ip(IPPROTO_UDP, udp(1, 2));
const Octets kLink = ether(ETH_P_IP);

TEST(PcapngFrame, EthernetWithItsHeader) {
	Seen s = seen(ip_event(kPacket), kLink, kPacket);
	Frame frame;
	ASSERT_TRUE(make_frame(s.event, s.capture(), LinkTypes::kNative, 65536, frame));
	EXPECT_EQ(frame.link_type, 1);
	EXPECT_EQ(bytes_of(frame), kLink + kPacket);
	EXPECT_EQ(frame.original_length, 14 + kPacket.size());
	EXPECT_EQ(frame.device.index, 2U);
	EXPECT_EQ(frame.device.name, "veth0");
	EXPECT_EQ(frame.direction, Direction::kInbound);
}

TEST(PcapngFrame, RawIsIpAlone) {
	Seen s = seen(ip_event(kPacket), kLink, kPacket);
	Frame frame;
	ASSERT_TRUE(make_frame(s.event, s.capture(), LinkTypes::kRaw, 65536, frame));
	EXPECT_EQ(frame.link_type, kLinkTypeRaw);
	EXPECT_EQ(bytes_of(frame), kPacket);
	EXPECT_EQ(frame.original_length, kPacket.size());
}

TEST(PcapngFrame, IpWithoutLinkHeaderIsRawAndOfTheEventsDevices) {
	Seen s = seen(ip_event(kPacket), {}, kPacket);
	s.capture().ifindex = 9;
	Frame in;
	ASSERT_TRUE(make_frame(s.event, s.capture(), LinkTypes::kNative, 65536, in));
	EXPECT_EQ(in.link_type, kLinkTypeRaw);
	EXPECT_EQ(bytes_of(in), kPacket);
	EXPECT_EQ(in.device.name, "veth0"); // iif
	s.event.iif = 0;
	s.event.oif = 3;
	set_name(s.event.oifname, "wg0");
	s.event.hook = NF_INET_LOCAL_OUT;
	Frame out;
	ASSERT_TRUE(make_frame(s.event, s.capture(), LinkTypes::kNative, 65536, out));
	EXPECT_EQ(out.device.name, "wg0");
	EXPECT_EQ(out.direction, Direction::kOutbound);
}

TEST(PcapngFrame, DevicesOfOtherTypesAreRaw) {
	Seen s = seen(ip_event(kPacket), Octets(24), kPacket);
	s.capture().dev_type = ARPHRD_IPGRE;
	Frame frame;
	ASSERT_TRUE(make_frame(s.event, s.capture(), LinkTypes::kNative, 65536, frame));
	EXPECT_EQ(frame.link_type, kLinkTypeRaw);
	EXPECT_EQ(bytes_of(frame), kPacket);
	EXPECT_EQ(frame.original_length, kPacket.size());
}

TEST(PcapngFrame, WhatIsNoIpNeedsALinkHeader) {
	nd_event event = event_of(arp(1), NFPROTO_ARP);
	event.hook = NF_ARP_OUT;
	event.protocol = ETH_P_ARP;
	Seen without = seen(event, {}, arp(1));
	Frame none, one, raw;
	EXPECT_FALSE(make_frame(without.event, without.capture(), LinkTypes::kNative, 65536, none));
	Seen with = seen(event, ether(ETH_P_ARP), arp(1));
	EXPECT_FALSE(make_frame(with.event, with.capture(), LinkTypes::kRaw, 65536, raw));
	ASSERT_TRUE(make_frame(with.event, with.capture(), LinkTypes::kNative, 65536, one));
	EXPECT_EQ(bytes_of(one), ether(ETH_P_ARP) + arp(1));
	EXPECT_EQ(one.direction, Direction::kOutbound);
}

TEST(PcapngFrame, TheKernelsTagGoesBehindTheAddresses) {
	nd_event event = bridge_event(kLink, ETH_P_IP, kPacket);
	event.flags |= ND_FLAG_VLAN;
	event.vlan_proto = ETH_P_8021AD;
	event.vlan_tci = 0x6005;
	Seen s = seen(event, kLink, kPacket);
	Frame frame;
	ASSERT_TRUE(make_frame(s.event, s.capture(), LinkTypes::kNative, 65536, frame));
	const Octets addresses(kLink.begin(), kLink.begin() + 12);
	EXPECT_EQ(bytes_of(frame), addresses + u16(ETH_P_8021AD) + u16(0x6005) + u16(ETH_P_IP) + kPacket);
	EXPECT_EQ(frame.original_length, 18 + kPacket.size());
	for (const uint32_t snaplen : {1U, 11U, 12U, 13U, 16U, 17U, 40U}) {
		Seen cut = seen(event, kLink, kPacket, snaplen);
		Frame short_frame;
		ASSERT_TRUE(make_frame(cut.event, cut.capture(), LinkTypes::kNative, snaplen, short_frame));
		const Octets all = bytes_of(frame);
		EXPECT_EQ(bytes_of(short_frame), Octets(all.begin(), all.begin() + snaplen)) << snaplen;
		EXPECT_EQ(short_frame.original_length, 18 + kPacket.size());
	}
}

TEST(PcapngFrame, RawSkipsTags) {
	const Octets tagged = tag(7, ETH_P_IP) + kPacket;
	Seen s = seen(bridge_event(ether(ETH_P_8021Q), ETH_P_8021Q, tagged), ether(ETH_P_8021Q), tagged);
	Frame frame;
	ASSERT_TRUE(make_frame(s.event, s.capture(), LinkTypes::kRaw, 65536, frame));
	EXPECT_EQ(bytes_of(frame), kPacket);
	EXPECT_EQ(frame.original_length, kPacket.size());
	Seen nothing = seen(s.event, ether(ETH_P_8021Q), tagged, 10);
	Frame empty;
	ASSERT_TRUE(make_frame(nothing.event, nothing.capture(), LinkTypes::kRaw, 10, empty));
	EXPECT_TRUE(bytes_of(empty).empty());
	EXPECT_EQ(empty.original_length, kPacket.size());
}

TEST(PcapngFrame, AForwardedPacketsDirectionIsItsDevices) {
	nd_event event = ip_event(kPacket);
	event.hook = NF_INET_FORWARD;
	event.oif = 3;
	set_name(event.oifname, "veth1");
	Seen s = seen(event, kLink, kPacket);
	Frame in, out;
	ASSERT_TRUE(make_frame(s.event, s.capture(), LinkTypes::kNative, 65536, in));
	EXPECT_EQ(in.direction, Direction::kInbound);
	s.capture().ifindex = 3;
	ASSERT_TRUE(make_frame(s.event, s.capture(), LinkTypes::kNative, 65536, out));
	EXPECT_EQ(out.direction, Direction::kOutbound);
}

TEST(PcapngFrame, ALyingLengthIsAtLeastWhatIsThere) {
	nd_event event = ip_event(kPacket);
	event.length = 3;
	Seen s = seen(event, kLink, kPacket);
	Frame frame;
	ASSERT_TRUE(make_frame(s.event, s.capture(), LinkTypes::kNative, 65536, frame));
	EXPECT_EQ(frame.original_length, 14 + kPacket.size());
}

TEST(PcapngLinkType, OnlyWherePcapHasOne) {
	EXPECT_EQ(link_type_of(ARPHRD_ETHER, 14), 1);
	EXPECT_EQ(link_type_of(ARPHRD_LOOPBACK, 14), 1);
	EXPECT_EQ(link_type_of(ARPHRD_ETHER, 13), std::nullopt);
	EXPECT_EQ(link_type_of(ARPHRD_ETHER, 0), std::nullopt);
	EXPECT_EQ(link_type_of(ARPHRD_NONE, 14), std::nullopt);
	EXPECT_EQ(link_type_of(ARPHRD_FDDI, 21), 10);
}

} // namespace
} // namespace nft_drops::test
