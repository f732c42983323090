// SPDX-License-Identifier: GPL-2.0-only
// read_layout() on BTF made up here: offsets, bit-fields, nesting, and what is said of members that are missing.
#include "made_up_types.h"

#include <algorithm>
#include <bpf/btf.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

namespace nft_drops::jit_test {
namespace {

jit::Layout layout_of(Maker &&maker) {
	const BtfPtr types = maker.make();
	auto layout = jit::read_layout(types.get());
	EXPECT_TRUE(layout.has_value()) << layout.error().message();
	return layout.value_or(jit::Layout{});
}

TEST(Layout, PlainMembers) {
	const jit::Layout l = layout_of(Maker());
	EXPECT_FIELD(l.probe.pkt_skb, 8, 8, 0, 0);
	EXPECT_FIELD(l.probe.pkt_state, 16, 8, 0, 0);
	EXPECT_FIELD(l.probe.state_hook, 0, 1, 0, 0);
	EXPECT_FIELD(l.probe.state_pf, 1, 1, 0, 0);
	EXPECT_FIELD(l.probe.state_net, 32, 8, 0, 0);
	EXPECT_FIELD(l.probe.skb_len, 112, 4, 0, 0);
	EXPECT_FIELD(l.probe.skb_head, 192, 8, 0, 0);
	EXPECT_FIELD(l.probe.dev_ifindex, 224, 4, 0, 0);
	EXPECT_FIELD(l.probe.dev_type, 516, 2, 0, 0);
	EXPECT_EQ(l.probe.dev_name.offset, 0);
	EXPECT_NE(l.probe.dev_name.size, 0);
	EXPECT_FIELD(l.probe.table_handle, 144, 8, 0, 0);
	EXPECT_FIELD(l.ruleset.chain_rules[1], 8, 8, 0, 0);
	EXPECT_FIELD(l.ruleset.expr_ops_size, 16, 4, 0, 0);
	EXPECT_EQ(l.ruleset.rule_size, 8U);
	EXPECT_EQ(l.ruleset.regs_size, 80U);
	EXPECT_EQ(l.ruleset.base_chain_size, 304U);
}

// struct nft_rule_dp since 5.17: u64 is_last:1, dlen:12, handle:42.
TEST(Layout, BitFields) {
	const jit::Layout l = layout_of(Maker());
	const uint64_t rule = 1 | uint64_t{0xabc} << 1 | uint64_t{0x3210fedcba9} << 13;
	const auto value = [rule](const nd_field &f) {
		uint64_t v = rule >> (8 * f.offset);
		if (f.size < 8) v &= (uint64_t{1} << (8 * f.size)) - 1;
		return (v >> f.shift) & ((uint64_t{1} << f.bits) - 1);
	};
	EXPECT_EQ(value(l.ruleset.rule_is_last), 1U);
	EXPECT_EQ(value(l.ruleset.rule_dlen), 0xabcU);
	EXPECT_EQ(value(l.probe.rule_handle), 0x3210fedcba9U);
	EXPECT_FIELD(l.probe.table_family, 156, 1, 0, 6);
}

TEST(Layout, MembersOfMembers) {
	const jit::Layout l = layout_of(Maker());
	EXPECT_FIELD(l.probe.net_inum, 0x88 + 16, 4, 0, 0);
	EXPECT_FIELD(l.ruleset.net_gencursor, 0x4a0 + 5, 1, 0, 0);
	EXPECT_FIELD(l.probe.skb_protocol, 144, 2, 0, 0);
	EXPECT_FIELD(l.probe.skb_mac_header, 150, 2, 0, 0);
	EXPECT_FIELD(l.probe.skb_vlan_tci, 154, 2, 0, 0);
	EXPECT_FIELD(l.ruleset.regs_code, 0, 4, 0, 0);
	EXPECT_FIELD(l.ruleset.regs_chain, 8, 8, 0, 0);
}

// The probe holds the chain inside its base chain.
TEST(Layout, PolicyCountsFromTheChain) {
	const jit::Layout l = layout_of(Maker());
	EXPECT_EQ(l.probe.chain_in_base, 104U);
	EXPECT_FIELD(l.probe.base_policy, 80 - 104, 1, 0, 0);
}

TEST(Layout, VlanTagByBitOrByWord) {
	EXPECT_FIELD(layout_of(Maker()).probe.skb_vlan_present, 152, 4, 0, 0);
	Maker maker;
	maker.vlan_present = true;
	EXPECT_FIELD(layout_of(std::move(maker)).probe.skb_vlan_present, 144 + 17, 1, 3, 1);
}

TEST(Layout, BlocksHoldTheirMembers) {
	const jit::Layout l = layout_of(Maker());
	const auto holds = [](const nd_block &b, const nd_field &f) {
		return !b.size || (f.offset >= b.offset && f.offset + f.size <= b.offset + b.size);
	};
	EXPECT_LE(l.probe.skb.size, ND_SKB_BLOCK_BYTES);
	for (const nd_block &b : {l.probe.pkt, l.probe.state, l.probe.chain, l.probe.table})
		EXPECT_LE(b.size, ND_BLOCK_BYTES);
	EXPECT_TRUE(holds(l.probe.pkt, l.probe.pkt_skb) && holds(l.probe.pkt, l.probe.pkt_state));
	EXPECT_TRUE(holds(l.probe.state, l.probe.state_hook) && holds(l.probe.state, l.probe.state_net));
	EXPECT_TRUE(holds(l.probe.skb, l.probe.skb_len) && holds(l.probe.skb, l.probe.skb_data));
	EXPECT_FALSE(holds(l.probe.skb, l.probe.skb_dev)) << "96 bytes in front of the others";
	EXPECT_TRUE(holds(l.probe.chain, l.probe.chain_genmask));
	EXPECT_FIELD(l.probe.chain_genmask, 84, 1, 6, 2);
	EXPECT_TRUE(holds(l.probe.chain, l.probe.chain_table) && holds(l.probe.chain, l.probe.chain_name));
	EXPECT_TRUE(holds(l.probe.table, l.probe.table_handle) && holds(l.probe.table, l.probe.table_family));
}

// Linux 6.2: a function that makes pointers, and a structure to point to.
TEST(Layout, DirectLoads) {
	const auto cast_of = [](bool function, uint32_t bytes) {
		Maker maker;
		maker.cast = function;
		maker.bytes = bytes;
		return std::pair(layout_of(std::move(maker)).probe.cast, bytes);
	};
	for (const auto &[cast, bytes] : {cast_of(true, 256), cast_of(true, 1000)}) {
		EXPECT_NE(cast.function, 0U);
		EXPECT_NE(cast.type, 0U);
		EXPECT_NE(cast.type, cast.function);
		EXPECT_EQ(cast.offset, 160);
		EXPECT_EQ(cast.size, bytes);
	}
	for (const auto &[cast, bytes] : {cast_of(false, 256), cast_of(true, 255), cast_of(true, 0)})
		EXPECT_EQ(cast.function, 0U) << bytes;
}

// Since Linux 6.8, and in fixed older kernels, the input port's number stands in place of its device.
TEST(Layout, PortsOfBridgedPackets) {
	const nd_bridge_layout now = layout_of(Maker()).probe.bridge;
	EXPECT_FIELD(now.skb_active, 126, 1, 0, 0);
	EXPECT_FIELD(now.skb_extensions, 216, 8, 0, 0);
	EXPECT_FIELD(now.extension_at, 4 + 1, 1, 0, 0);
	EXPECT_FIELD(now.physin, 8, 4, 0, 0);
	EXPECT_FIELD(now.physout, 16, 8, 0, 0);
	EXPECT_EQ(now.id, 1U);
	EXPECT_FIELD(layout_of(Maker("nf_bridge_info.physinif")).probe.bridge.physin, 8, 8, 0, 0);
	for (const char *lacks :
	     {"sk_buff.active_extensions", "sk_buff.extensions", "skb_ext.offset", "nf_bridge_info.physoutdev"})
		EXPECT_EQ(layout_of(Maker(lacks)).probe.bridge.skb_active.size, 0) << lacks;
	Maker without;
	without.extensions = {"SKB_EXT_SEC_PATH"};
	EXPECT_EQ(layout_of(std::move(without)).probe.bridge.skb_active.size, 0);
}

TEST(Layout, WhatSomeKernelsLackIsZero) {
	EXPECT_EQ(layout_of(Maker("nft_chain.genmask")).probe.chain_genmask.size, 0);
	EXPECT_EQ(layout_of(Maker("nft_rule_dp.is_last")).ruleset.rule_is_last.size, 0);
	EXPECT_EQ(layout_of(Maker("nft_rule_blob.size")).ruleset.blob_size.size, 0);
	EXPECT_EQ(layout_of(Maker("nftables_pernet.base_seq")).probe.pernet_base_seq.size, 0);
	EXPECT_EQ(layout_of(Maker()).probe.net_base_seq.size, 0);
	EXPECT_EQ(layout_of(Maker("skb_headers.vlan_all")).probe.skb_vlan_present.size, 0);
}

class MissingMember : public testing::TestWithParam<Member> {};

// Its name, and that of the structure in which the kernel's source has it or which leads to it.
TEST_P(MissingMember, IsNamed) {
	const Member &m = GetParam();
	Maker maker(std::string(m.structure) + "." + m.name);
	const BtfPtr types = maker.make();
	const auto layout = jit::read_layout(types.get());
	ASSERT_FALSE(layout.has_value());
	const std::string message = layout.error().message();
	EXPECT_EQ(layout.error().blame, Blame::kMachine);
	EXPECT_EQ(message.find('\n'), std::string::npos);
	EXPECT_NE(message.find(m.name), std::string::npos) << message;
	std::string structure = m.structure;
	if (structure == "ns_common" || structure == "netns_nft") structure = "net";
	if (structure == "skb_headers") structure = "sk_buff";
	if (structure == "nft_verdict") structure = "nft_regs";
	EXPECT_NE(message.find("struct " + structure), std::string::npos) << message;
}

std::vector<Member> required() {
	std::vector<Member> all;
	std::ranges::copy_if(kMembers, std::back_inserter(all), &Member::required);
	return all;
}
INSTANTIATE_TEST_SUITE_P(Each, MissingMember, testing::ValuesIn(required()),
                         [](const auto &info) { return std::string(info.param.structure) + "_" + info.param.name; });

TEST(Layout, AMissingPolicyIsNamed) {
	Maker maker;
	maker.policy = false;
	const BtfPtr types = maker.make();
	const auto layout = jit::read_layout(types.get());
	ASSERT_FALSE(layout.has_value());
	EXPECT_NE(layout.error().message().find("policy"), std::string::npos);
	EXPECT_NE(layout.error().message().find("nft_base_chain"), std::string::npos);
}

// An nd_field holds offsets of 16 bits, which are read as signed (that of the policy is negative).
TEST(Layout, MembersTooFarInAreRefused) {
	Maker at_the_end;
	at_the_end.nft_in_net = 0x7ffa; // gencursor is 5 bytes on
	EXPECT_FIELD(layout_of(std::move(at_the_end)).ruleset.net_gencursor, 0x7fff, 1, 0, 0);
	Maker beyond;
	beyond.nft_in_net = 0x7ffb;
	const BtfPtr types = beyond.make();
	const auto layout = jit::read_layout(types.get());
	ASSERT_FALSE(layout.has_value());
	EXPECT_NE(layout.error().message().find("nft.gencursor in struct net"), std::string::npos);
}

TEST(Layout, NoTypesAtAll) {
	const BtfPtr types(btf__new_empty());
	const auto layout = jit::read_layout(types.get());
	ASSERT_FALSE(layout.has_value());
	EXPECT_EQ(layout.error().blame, Blame::kMachine);
	EXPECT_NE(layout.error().message().find("nft_rule_dp"), std::string::npos);
}

} // namespace
} // namespace nft_drops::jit_test
