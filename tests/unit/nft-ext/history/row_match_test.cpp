// SPDX-License-Identifier: GPL-2.0-only
// MATCH over the rows of the history. The programs are what nft and nf_tables make of the words in the comments.
#include "nft-ext/history/row_match.h"

#include "bpf/shared/flow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
// In front of the kernel's headers, which then leave out what both define.
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <initializer_list>

namespace nft_drops {
namespace {

using namespace jit;
using testing::HasSubstr;

CulpritWords of_family(const char *family) {
	CulpritWords c;
	c.family = family;
	return c;
}

Address address(std::initializer_list<uint8_t> bytes) {
	Address a;
	a.size = static_cast<uint8_t>(bytes.size());
	std::ranges::copy(bytes, a.bytes.begin());
	return a;
}

FlowWords flow4(uint8_t protocol, uint16_t port) {
	return {.kind = ND_FLOW_IP | ND_FLOW_PORT,
	        .protocol = protocol,
	        .port = port,
	        .iif = "eth0",
	        .oif = "",
	        .saddr = address({192, 0, 2, 7}),
	        .daddr = address({192, 0, 2, 1})};
}

FlowWords flow6(uint8_t protocol, uint16_t port) {
	FlowWords f = flow4(protocol, port);
	f.kind = ND_FLOW_IP6 | ND_FLOW_PORT;
	f.saddr = address({0xfd, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7});
	f.daddr = address({0xfd, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
	return f;
}

// "meta l4proto tcp"
MatchProgram protocol_is(uint8_t protocol) {
	return {MatchMeta{NFT_META_L4PROTO, 4}, MatchCompare{4, NFT_CMP_EQ, {protocol}}};
}

MatchProgram operator+(MatchProgram a, const MatchProgram &b) {
	a.insert(a.end(), b.begin(), b.end());
	return a;
}

// "tcp dport 22"
MatchProgram port_is(uint8_t protocol, uint8_t port) {
	return protocol_is(protocol) + MatchProgram{MatchPayload{NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, 4},
	                                            MatchCompare{4, NFT_CMP_EQ, {0, port}}};
}

RowMatch inet(MatchProgram program) {
	auto match = RowMatch::make({{NFPROTO_INET, std::move(program)}});
	EXPECT_TRUE(match) << match.error().message();
	return match ? std::move(*match) : RowMatch();
}

TEST(RowMatch, Port) {
	const RowMatch match = inet(port_is(IPPROTO_TCP, 22));
	const CulpritWords culprit = of_family("inet");
	EXPECT_EQ(match.port(), 22);
	EXPECT_TRUE(match.takes(culprit, flow4(IPPROTO_TCP, 22)));
	EXPECT_TRUE(match.takes(culprit, flow6(IPPROTO_TCP, 22)));
	EXPECT_FALSE(match.takes(culprit, flow4(IPPROTO_TCP, 23)));
	EXPECT_FALSE(match.takes(culprit, flow4(IPPROTO_UDP, 22)));
	FlowWords later = flow4(IPPROTO_TCP, 0);
	later.kind = ND_FLOW_IP;
	EXPECT_FALSE(inet(port_is(IPPROTO_TCP, 0)).takes(culprit, later)) << "a later fragment has no port";
	FlowWords others = flow4(IPPROTO_TCP, 22);
	others.kind = FlowWords::kOthers;
	EXPECT_FALSE(match.takes(culprit, others));
	EXPECT_FALSE(match.takes(of_family("arp"), flow4(IPPROTO_TCP, 22))) << "no program for this family";
	EXPECT_FALSE(match.takes(of_family("?"), flow4(IPPROTO_TCP, 22)));
}

// "th dport 8": the same bytes of an ICMP header are its checksum.
TEST(RowMatch, OnlyProtocolsWithPortsHavePorts) {
	const RowMatch match =
	        inet({MatchPayload{NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, 4}, MatchCompare{4, NFT_CMP_EQ, {8, 0}}});
	EXPECT_TRUE(match.takes(of_family("inet"), flow4(IPPROTO_SCTP, 0x800)));
	EXPECT_FALSE(match.takes(of_family("inet"), flow4(IPPROTO_ICMP, 0x800)));
	EXPECT_FALSE(match.takes(of_family("inet"), flow4(47, 0x800)));
}

// "icmp type echo-request"
TEST(RowMatch, IcmpType) {
	const RowMatch match =
	        inet(protocol_is(IPPROTO_ICMP) + MatchProgram{MatchPayload{NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, 4},
	                                                      MatchCompare{4, NFT_CMP_EQ, {8}}});
	EXPECT_FALSE(match.port());
	EXPECT_TRUE(match.takes(of_family("inet"), flow4(IPPROTO_ICMP, 8 << 8 | 3)));
	EXPECT_FALSE(match.takes(of_family("inet"), flow4(IPPROTO_ICMP, 3 << 8 | 8)));
	EXPECT_FALSE(match.takes(of_family("inet"), flow4(IPPROTO_TCP, 8 << 8)));
}

// The same in a table of bridge: nft puts "ether type ip" in front.
TEST(RowMatch, IcmpTypeOfABridgesTable) {
	auto match = RowMatch::make(
	        {{NFPROTO_BRIDGE,
	          MatchProgram{MatchPayload{NFT_PAYLOAD_LL_HEADER, 12, 2, 4}, MatchCompare{4, NFT_CMP_EQ, {8, 0}}} +
	                  protocol_is(IPPROTO_ICMP) +
	                  MatchProgram{MatchPayload{NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, 4},
	                               MatchCompare{4, NFT_CMP_EQ, {8}}}}});
	ASSERT_TRUE(match) << match.error().message();
	EXPECT_TRUE(match->takes(of_family("bridge"), flow4(IPPROTO_ICMP, 8 << 8)));
	EXPECT_FALSE(match->takes(of_family("bridge"), flow4(IPPROTO_ICMP, 3 << 8)));
	EXPECT_FALSE(match->takes(of_family("bridge"), flow6(IPPROTO_ICMP, 8 << 8)));
}

// "ip saddr 192.0.2.0/24"
TEST(RowMatch, Addresses) {
	const MatchProgram network{
	        MatchPayload{NFT_PAYLOAD_NETWORK_HEADER, 12, 4, 4},
	        MatchBitwise{4, 4, 4, MatchBitwise::Kind::kMask, {255, 255, 255, 0}, {0, 0, 0, 0}, 0},
	        MatchCompare{4, NFT_CMP_EQ, {192, 0, 2, 0}}};
	const MatchProgram is_ip{MatchMeta{NFT_META_NFPROTO, 4}, MatchCompare{4, NFT_CMP_EQ, {NFPROTO_IPV4}}};
	const RowMatch match = inet(is_ip + network);
	EXPECT_TRUE(match.takes(of_family("inet"), flow4(IPPROTO_TCP, 22)));
	EXPECT_FALSE(match.takes(of_family("inet"), flow6(IPPROTO_TCP, 22)));
	FlowWords other = flow4(IPPROTO_TCP, 22);
	other.saddr = address({192, 0, 3, 7});
	EXPECT_FALSE(match.takes(of_family("inet"), other));
	const auto in_ip = RowMatch::make({{NFPROTO_IPV4, network}});
	ASSERT_TRUE(in_ip);
	EXPECT_TRUE(in_ip->takes(of_family("ip"), flow4(IPPROTO_TCP, 22)));
}

// "ip6 saddr . tcp dport { fd01::7 . 22 }"
TEST(RowMatch, Concatenations) {
	MatchLookup set{4, false, {{{{}, {}}, {{0, 22}, {0, 22}}}}};
	const Address source = flow6(IPPROTO_TCP, 22).saddr;
	set.elements[0][0].lower.assign(source.bytes.begin(), source.bytes.end());
	set.elements[0][0].upper = set.elements[0][0].lower;
	const MatchProgram is_ip6{MatchMeta{NFT_META_NFPROTO, 4}, MatchCompare{4, NFT_CMP_EQ, {NFPROTO_IPV6}}};
	const RowMatch match = inet(is_ip6 + protocol_is(IPPROTO_TCP) +
	                            MatchProgram{MatchPayload{NFT_PAYLOAD_NETWORK_HEADER, 8, 16, 4},
	                                         MatchPayload{NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, 8}, set});
	EXPECT_TRUE(match.takes(of_family("inet"), flow6(IPPROTO_TCP, 22)));
	EXPECT_FALSE(match.takes(of_family("inet"), flow6(IPPROTO_TCP, 23)));
}

// iifname "eth*"
TEST(RowMatch, Devices) {
	const RowMatch match = inet({MatchMeta{NFT_META_IIFNAME, 4}, MatchCompare{4, NFT_CMP_EQ, {'e', 't', 'h'}}});
	EXPECT_TRUE(match.takes(of_family("inet"), flow4(IPPROTO_TCP, 22)));
	FlowWords other = flow4(IPPROTO_TCP, 22);
	other.iif = "wlan0";
	EXPECT_FALSE(match.takes(of_family("inet"), other));
}

TEST(RowMatch, ArpOperation) {
	auto match = RowMatch::make(
	        {{NFPROTO_ARP,
	          {MatchPayload{NFT_PAYLOAD_NETWORK_HEADER, 6, 2, 4}, MatchCompare{4, NFT_CMP_EQ, {0, 1}}}}});
	ASSERT_TRUE(match);
	FlowWords request = flow4(0, 1);
	request.kind = ND_FLOW_ARP | ND_FLOW_PORT;
	EXPECT_TRUE(match->takes(of_family("arp"), request));
	request.port = 2;
	EXPECT_FALSE(match->takes(of_family("arp"), request));
}

TEST(RowMatch, RefusesWhatTheHistoryDoesNotHold) {
	const MatchProgram is_ip{MatchMeta{NFT_META_NFPROTO, 4}, MatchCompare{4, NFT_CMP_EQ, {NFPROTO_IPV4}}};
	const struct {
		MatchProgram program;
		const char *says;
	} refused[] = {
	        {protocol_is(IPPROTO_TCP) + MatchProgram{MatchPayload{NFT_PAYLOAD_TRANSPORT_HEADER, 0, 2, 4}},
	         "source port"},
	        {is_ip + MatchProgram{MatchPayload{NFT_PAYLOAD_NETWORK_HEADER, 8, 1, 4}}, "@nh,64,8"}, // ip ttl
	        {{MatchPayload{NFT_PAYLOAD_NETWORK_HEADER, 8, 1, 4}}, "@nh,64,8"},
	        {{MatchPayload{NFT_PAYLOAD_LL_HEADER, 6, 6, 4}}, "@ll,48,48"}, // ether saddr
	        {{MatchMeta{NFT_META_MARK, 4}}, "meta mark"},
	        {{MatchMeta{NFT_META_IIF, 4}}, "iifname"},
	        {{MatchCt{NFT_CT_STATE, MatchCt::kNoDirection, 4}}, "ct state"},
	        {{MatchExthdr{NFT_EXTHDR_OP_TCPOPT, 2, 2, 2, false, 4}}, "option"},
	};
	for (const auto &[program, says] : refused) {
		const auto match = RowMatch::make({{NFPROTO_INET, program}});
		ASSERT_FALSE(match) << says;
		EXPECT_THAT(match.error().message(), HasSubstr(says));
	}
}

TEST(RowMatch, OnePortOnlyWhereAllFamiliesAgree) {
	const auto both =
	        RowMatch::make({{NFPROTO_INET, port_is(IPPROTO_TCP, 22)}, {NFPROTO_IPV4, port_is(IPPROTO_TCP, 22)}});
	ASSERT_TRUE(both);
	EXPECT_EQ(both->port(), 22);
	const auto one = RowMatch::make({{NFPROTO_INET, port_is(IPPROTO_TCP, 22)}, {NFPROTO_IPV4, {}}});
	ASSERT_TRUE(one);
	EXPECT_FALSE(one->port());
}

} // namespace
} // namespace nft_drops
