// SPDX-License-Identifier: GPL-2.0-only
#include "packets.h"

#include <gtest/gtest.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>

namespace nft_drops::test {
namespace {

const std::string kEther = "iif \"veth0\" ether saddr 02:00:00:00:00:02 ether daddr 02:00:00:00:00:01 ";
const std::string kUdp = "ip saddr 10.0.0.2 ip daddr 10.0.0.1 udp sport 53 udp dport 5353 length ";

Octets datagram() {
	return ip(IPPROTO_UDP, udp(53, 5353));
}

TEST(Link, AddressesInBridgeButNotInInet) {
	nd_event event = bridge_event(ether(ETH_P_IP), ETH_P_IP, datagram());
	EXPECT_EQ(words_of(event), kEther + kUdp + "28");
	event.family = NFPROTO_NETDEV;
	EXPECT_EQ(words_of(event), kEther + kUdp + "28");
	event.family = NFPROTO_INET;
	EXPECT_EQ(words_of(event), "iif \"veth0\" " + kUdp + "28");
}

TEST(Link, NoAddressesWithoutAnEthernetHeader) {
	nd_event event = bridge_event(ether(ETH_P_IP), ETH_P_IP, datagram());
	event.dev_type = ARPHRD_NONE;
	EXPECT_EQ(words_of(event), "iif \"veth0\" " + kUdp + "28");
	event.dev_type = ARPHRD_ETHER;
	event.flags = 0;
	EXPECT_EQ(words_of(event), "iif \"veth0\" " + kUdp + "28");
	event.flags = ND_FLAG_L2;
	event.l2_len = 13;
	EXPECT_EQ(words_of(event), "iif \"veth0\" " + kUdp + "28");
	event.l2_len = ND_L2_BYTES; // possibly cut in front
	EXPECT_EQ(words_of(event), "iif \"veth0\" " + kUdp + "28");
	event.l2_len = 255;
	EXPECT_EQ(words_of(event), "iif \"veth0\" " + kUdp + "28");
}

TEST(Link, OutOfBandTag) {
	nd_event event = ip_event(datagram());
	event.flags = ND_FLAG_VLAN;
	event.vlan_proto = ETH_P_8021Q;
	event.vlan_tci = 0xe005; // priority 7, id 5
	EXPECT_EQ(words_of(event), "iif \"veth0\" vlan id 5 " + kUdp + "28");
}

TEST(Link, TagInsideTheLinkHeader) {
	const Octets link = ether(ETH_P_8021Q) + tag(5, ETH_P_IP);
	EXPECT_EQ(words_of(bridge_event(link, ETH_P_8021Q, datagram())), kEther + "vlan id 5 " + kUdp + "28");
}

TEST(Link, TagAtTheNetworkHeader) {
	const Octets network = tag(5, ETH_P_IP) + datagram();
	EXPECT_EQ(words_of(bridge_event(ether(ETH_P_8021Q), ETH_P_8021Q, network)),
	          kEther + "vlan id 5 " + kUdp + "32");
}

TEST(Link, TwoTags) {
	// The kernel took the outer one out.
	nd_event event = bridge_event(ether(ETH_P_8021Q), ETH_P_8021Q, tag(100, ETH_P_IP) + datagram());
	event.flags |= ND_FLAG_VLAN;
	event.vlan_proto = ETH_P_8021AD;
	event.vlan_tci = 10;
	EXPECT_EQ(words_of(event), kEther + "ether type 8021ad vlan id 10 vlan type 8021q vlan id 100 " + kUdp + "32");
}

TEST(Link, TagsWithoutEnd) {
	Octets network;
	for (uint16_t id = 1; id <= 30; ++id)
		network = network + tag(id, ETH_P_8021Q);
	EXPECT_EQ(words_of(bridge_event(ether(ETH_P_8021Q), ETH_P_8021Q, network)),
	          kEther + "vlan id 1 vlan type 8021q vlan id 2 vlan type 8021q vlan id 3 vlan type 8021q vlan id 4 "
	                   "vlan type 8021q length 120");
}

TEST(Link, TagIsTruncated) {
	const auto words = [](const Octets &network) {
		return words_of(bridge_event(ether(ETH_P_8021Q), ETH_P_8021Q, network));
	};
	EXPECT_EQ(words({}), kEther + "vlan truncated length 0");
	EXPECT_EQ(words({0}), kEther + "vlan truncated length 1");
	EXPECT_EQ(words({0, 5}), kEther + "vlan id 5 vlan truncated length 2");
	EXPECT_EQ(words({0, 5, 8}), kEther + "vlan id 5 vlan truncated length 3");
	EXPECT_EQ(words({0, 5, 8, 0}), kEther + "vlan id 5 ip truncated length 4");
}

// The hook of ip sees only IPv4, whatever skb->protocol says.
TEST(Link, IpHookDecidesByItself) {
	nd_event event = ip_event(datagram());
	event.protocol = ETH_P_8021Q;
	EXPECT_EQ(words_of(event), "iif \"veth0\" " + kUdp + "28");
}

TEST(Link, UnknownProtocol) {
	nd_event event = bridge_event(ether(0x88cc), 0x88cc, Octets(46));
	EXPECT_EQ(words_of(event), kEther + "ether type 0x88cc length 46");
	event.flags = ND_FLAG_L2 | ND_FLAG_VLAN;
	event.vlan_proto = ETH_P_8021Q;
	event.vlan_tci = 5;
	EXPECT_EQ(words_of(event), kEther + "vlan id 5 vlan type 0x88cc length 46");
	event.flags = 0;
	EXPECT_EQ(words_of(event), "iif \"veth0\" meta protocol 0x88cc length 46");
	event.family = NFPROTO_INET; // inet ingress
	event.flags = ND_FLAG_L2;
	EXPECT_EQ(words_of(event), kEther + "ether type 0x88cc length 46");
}

// The words leave out a port that is the device iif (or oif) itself. The kernel's log (PHYSIN, PHYSOUT) does the same.
TEST(Link, PortsOfABridge) {
	nd_event event = ip_event(datagram());
	event.physin = 7;
	EXPECT_EQ(words_of(event), "iif \"veth0\" physin 7 " + kUdp + "28");
	set_name(event.physin_name, "vnet\x1b");
	EXPECT_EQ(words_of(event), "iif \"veth0\" physin \"vnet\\x1b\" " + kUdp + "28");
	event.oif = 3;
	set_name(event.oifname, "br0");
	event.physout = 8;
	set_name(event.physout_name, "0123456789abcdefXX"); // no NUL at the end
	EXPECT_EQ(words_of(event),
	          "iif \"veth0\" oif \"br0\" physin \"vnet\\x1b\" physout \"0123456789abcdef\" " + kUdp + "28");
	event.physin = event.iif;
	event.physout = event.oif;
	EXPECT_EQ(words_of(event), "iif \"veth0\" oif \"br0\" " + kUdp + "28");
}

TEST(Link, Interfaces) {
	nd_event event = ip_event(datagram());
	event.oif = 3;
	set_name(event.oifname, "eth1");
	EXPECT_EQ(words_of(event), "iif \"veth0\" oif \"eth1\" " + kUdp + "28");
	set_name(event.iifname, "");
	EXPECT_EQ(words_of(event), "iif 2 oif \"eth1\" " + kUdp + "28");
	event.iif = 0;
	EXPECT_EQ(words_of(event), "oif \"eth1\" " + kUdp + "28");
	event.oif = 0;
	set_name(event.oifname, "");
	EXPECT_EQ(words_of(event), kUdp + "28");
	set_name(event.iifname, "a\"b\\\x1b\xff");
	EXPECT_EQ(words_of(event), "iif \"a\\\"b\\\\\\x1b\\xff\" " + kUdp + "28");
	set_name(event.iifname, "0123456789abcdefXX"); // no NUL at the end
	EXPECT_EQ(words_of(event), "iif \"0123456789abcdef\" " + kUdp + "28");
}

} // namespace
} // namespace nft_drops::test
