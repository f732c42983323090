// SPDX-License-Identifier: GPL-2.0-only
// Which keys a rule looks up for a packet. Rules are made with libnftnl; the keys are written out by hand.
#include "nft-ext/ruleset/details/rule_look_ups.h"

#include <gtest/gtest.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <memory>

namespace nft_drops {
namespace {

using Bytes = std::vector<uint8_t>;

// UDP from 10.0.0.2 port 0x1234 to 10.0.0.1 port 53.
nd_event udp() {
	const Bytes packet{0x45, 0, 0,  28, 0, 0, 0,    0,    64, 17, 0, 0, 10, 0,
	                   0,    2, 10, 0,  0, 1, 0x12, 0x34, 0,  53, 0, 8, 0,  0};
	nd_event event{};
	event.protocol = ETH_P_IP;
	event.pf = NFPROTO_IPV4;
	event.l3_len = static_cast<uint8_t>(packet.size());
	std::ranges::copy(packet, event.l3);
	return event;
}

class RuleOf {
public:
	RuleOf() : rule_(nftnl_rule_alloc(), nftnl_rule_free) {}
	nftnl_expr *add(const char *name) {
		nftnl_expr *e = nftnl_expr_alloc(name);
		nftnl_rule_add_expr(rule_.get(), e);
		return e;
	}
	void payload(uint32_t base, uint32_t offset, uint32_t length, uint32_t to) {
		nftnl_expr *e = add("payload");
		nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_BASE, base);
		nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
		nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_LEN, length);
		nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_DREG, to);
	}
	void meta(uint32_t key, uint32_t to) {
		nftnl_expr *e = add("meta");
		nftnl_expr_set_u32(e, NFTNL_EXPR_META_KEY, key);
		nftnl_expr_set_u32(e, NFTNL_EXPR_META_DREG, to);
	}
	nftnl_expr *look_up(const char *set, uint32_t from) {
		nftnl_expr *e = add("lookup");
		nftnl_expr_set_str(e, NFTNL_EXPR_LOOKUP_SET, set);
		nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SREG, from);
		return e;
	}
	RuleLookUps read(const nd_event &event, const nd_details &seen = {}) {
		std::vector<char> buffer(8192);
		nlmsghdr *message = nftnl_nlmsg_build_hdr(buffer.data(), NFT_MSG_NEWRULE, NFPROTO_IPV4, 0, 0);
		message->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE;
		nftnl_rule_nlmsg_build_payload(message, rule_.get());
		return look_ups_of_rule(message, event, seen).value_or(RuleLookUps{});
	}

private:
	std::unique_ptr<nftnl_rule, void (*)(const nftnl_rule *)> rule_;
};

// ip daddr . meta l4proto . th dport vmap @services
TEST(RuleLookUps, AConcatenation) {
	RuleOf rule;
	rule.payload(NFT_PAYLOAD_NETWORK_HEADER, 16, 4, NFT_REG_1);
	rule.meta(NFT_META_L4PROTO, NFT_REG32_01);
	rule.payload(NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, NFT_REG32_02);
	nftnl_expr_set_u32(rule.look_up("services", NFT_REG_1), NFTNL_EXPR_LOOKUP_DREG, NFT_REG_VERDICT);
	const RuleLookUps all = rule.read(udp());
	ASSERT_EQ(all.look_ups.size(), 1U);
	EXPECT_EQ(all.look_ups[0].set, "services");
	EXPECT_TRUE(all.look_ups[0].verdicts);
	EXPECT_EQ(all.look_ups[0].registers.load(all.look_ups[0].source, 12),
	          (Bytes{10, 0, 0, 1, 17, 0, 0, 0, 0, 53, 0, 0}));
}

// ip saddr & 255.0.0.0 @nets, and a look-up for what is not in a set
TEST(RuleLookUps, AMaskAndANegation) {
	RuleOf rule;
	rule.payload(NFT_PAYLOAD_NETWORK_HEADER, 12, 4, NFT_REG_1);
	nftnl_expr *mask = rule.add("bitwise");
	const Bytes bits{0xff, 0, 0, 0};
	const Bytes none(4);
	nftnl_expr_set_u32(mask, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
	nftnl_expr_set_u32(mask, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
	nftnl_expr_set_u32(mask, NFTNL_EXPR_BITWISE_LEN, 4);
	nftnl_expr_set(mask, NFTNL_EXPR_BITWISE_MASK, bits.data(), 4);
	nftnl_expr_set(mask, NFTNL_EXPR_BITWISE_XOR, none.data(), 4);
	nftnl_expr_set_u32(rule.look_up("nets", NFT_REG_1), NFTNL_EXPR_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
	const RuleLookUps all = rule.read(udp());
	ASSERT_EQ(all.look_ups.size(), 1U);
	EXPECT_TRUE(all.look_ups[0].negated);
	EXPECT_EQ(all.look_ups[0].registers.load(NFT_REG_1, 4), (Bytes{10, 0, 0, 0}));
}

// The key is unknown: what is not in the event, and what this code does not follow.
TEST(RuleLookUps, WhatIsNotKnown) {
	nd_event event = udp();
	event.l3_len = 22; // the ports are cut
	RuleOf ports;
	ports.payload(NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, NFT_REG_1);
	ports.look_up("ports", NFT_REG_1);
	EXPECT_FALSE(ports.read(event).look_ups.at(0).registers.load(NFT_REG_1, 2));
	EXPECT_TRUE(ports.read(udp()).look_ups.at(0).registers.load(NFT_REG_1, 2));
	event = udp();
	event.l3[7] = 1; // a later fragment has no ports
	EXPECT_FALSE(ports.read(event).look_ups.at(0).registers.load(NFT_REG_1, 2));
	RuleOf other;
	other.payload(NFT_PAYLOAD_NETWORK_HEADER, 16, 4, NFT_REG_1);
	other.add("numgen");
	other.look_up("any", NFT_REG_1);
	EXPECT_FALSE(other.read(udp()).look_ups.at(0).registers.load(NFT_REG_1, 4));
}

TEST(RuleLookUps, MarksComeFromTheProbe) {
	RuleOf rule;
	rule.meta(NFT_META_MARK, NFT_REG_1);
	rule.look_up("marks", NFT_REG_1);
	EXPECT_FALSE(rule.read(udp()).look_ups.at(0).registers.load(NFT_REG_1, 4));
	nd_details seen{};
	seen.known = ND_KNOWN_MARK;
	seen.mark = 0x01020304;
	EXPECT_EQ(rule.read(udp(), seen).look_ups.at(0).registers.load(NFT_REG_1, 4), (Bytes{4, 3, 2, 1}));
}

// ip saddr @a meta mark set 5: the drop's event has the mark of later, and may have other bytes, too.
TEST(RuleLookUps, AWriteLeavesNothingKnownOfBefore) {
	RuleOf rule;
	rule.payload(NFT_PAYLOAD_NETWORK_HEADER, 12, 4, NFT_REG_1);
	rule.look_up("before", NFT_REG_1);
	nftnl_expr *set_mark = rule.add("meta");
	nftnl_expr_set_u32(set_mark, NFTNL_EXPR_META_KEY, NFT_META_MARK);
	nftnl_expr_set_u32(set_mark, NFTNL_EXPR_META_SREG, NFT_REG_1);
	rule.payload(NFT_PAYLOAD_NETWORK_HEADER, 12, 4, NFT_REG_1);
	rule.look_up("behind", NFT_REG_1);
	const RuleLookUps all = rule.read(udp());
	ASSERT_EQ(all.look_ups.size(), 2U);
	EXPECT_FALSE(all.look_ups[0].registers.load(NFT_REG_1, 4));
	EXPECT_TRUE(all.look_ups[1].registers.load(NFT_REG_1, 4));
}

TEST(RuleLookUps, AGoto) {
	RuleOf rule;
	nftnl_expr *verdict = rule.add("immediate");
	nftnl_expr_set_u32(verdict, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(verdict, NFTNL_EXPR_IMM_VERDICT, static_cast<uint32_t>(NFT_GOTO));
	nftnl_expr_set_str(verdict, NFTNL_EXPR_IMM_CHAIN, "there");
	const RuleLookUps all = rule.read(udp());
	EXPECT_EQ(all.verdict, NFT_GOTO);
	EXPECT_EQ(all.chain, "there");
}

// Destination options of 8 bytes in front of UDP.
TEST(TransportOf, Ip6ExtensionHeaders) {
	nd_event event{};
	event.protocol = ETH_P_IPV6;
	event.l3[0] = 0x60;
	event.l3[6] = 60;
	event.l3[40] = 17;
	event.l3_len = 56;
	const auto transport = transport_of(event);
	ASSERT_TRUE(transport);
	EXPECT_EQ(transport->protocol, 17);
	EXPECT_EQ(transport->offset, 48U);
	event.l3_len = 44; // the header is cut
	EXPECT_FALSE(transport_of(event));
}

} // namespace
} // namespace nft_drops
