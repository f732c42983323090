// SPDX-License-Identifier: GPL-2.0-only
// read_layout() on BTF made up here: offsets, bit-fields, nesting, and what is said of members that are missing.
#include "jit/kernel/layout.h"

#include <algorithm>
#include <bpf/btf.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

namespace nft_drops::jit_test {
namespace {

enum class Type { kU8, kU16, kU32, kU64, kPointer, kName, kBytes };

struct Member {
	const char *structure;
	const char *name;
	Type type;
	int bits_at;  // from the start of the structure
	int bits = 0; // of a bit-field
	bool required = true;
};

// The members that the probe and the resolver need; every offset is another one.
const std::vector<Member> kMembers = {
        {"nft_rule_dp", "is_last", Type::kU64, 0, 1, false},
        {"nft_rule_dp", "dlen", Type::kU64, 1, 12},
        {"nft_rule_dp", "handle", Type::kU64, 13, 42},
        {"nft_rule_dp", "data", Type::kBytes, 64},
        {"nft_rule_blob", "size", Type::kU64, 0, 0, false},
        {"nft_rule_blob", "data", Type::kBytes, 64},
        {"nft_pktinfo", "skb", Type::kPointer, 64},
        {"nft_pktinfo", "state", Type::kPointer, 128},
        {"nf_hook_state", "hook", Type::kU8, 0},
        {"nf_hook_state", "pf", Type::kU8, 8},
        {"nf_hook_state", "in", Type::kPointer, 64},
        {"nf_hook_state", "out", Type::kPointer, 128},
        {"nf_hook_state", "net", Type::kPointer, 256},
        {"ns_common", "inum", Type::kU32, 128},
        {"netns_nft", "gencursor", Type::kU8, 40},
        {"net", "gen", Type::kPointer, 8 * 0x118, 0, false},
        {"nftables_pernet", "base_seq", Type::kU32, 8 * 0x90, 0, false},
        {"sk_buff", "len", Type::kU32, 8 * 112},
        {"sk_buff", "data_len", Type::kU32, 8 * 116},
        {"sk_buff", "head", Type::kPointer, 8 * 192},
        {"sk_buff", "data", Type::kPointer, 8 * 200},
        {"sk_buff", "dev", Type::kPointer, 8 * 16},
        {"skb_headers", "protocol", Type::kU16, 0},
        {"skb_headers", "network_header", Type::kU16, 32},
        {"skb_headers", "mac_header", Type::kU16, 48},
        {"skb_headers", "vlan_proto", Type::kU16, 64, 0, false},
        {"skb_headers", "vlan_tci", Type::kU16, 80, 0, false},
        {"skb_headers", "vlan_all", Type::kU32, 64, 0, false},
        {"net_device", "name", Type::kName, 0},
        {"net_device", "ifindex", Type::kU32, 8 * 224},
        {"net_device", "type", Type::kU16, 8 * 516},
        {"nft_chain", "blob_gen_0", Type::kPointer, 0},
        {"nft_chain", "blob_gen_1", Type::kPointer, 64},
        {"nft_chain", "table", Type::kPointer, 8 * 64},
        {"nft_chain", "handle", Type::kU64, 8 * 72},
        {"nft_chain", "name", Type::kPointer, 8 * 88},
        {"nft_table", "handle", Type::kU64, 8 * 144},
        {"nft_table", "family", Type::kU16, 8 * 156, 6},
        {"nft_table", "name", Type::kPointer, 8 * 168},
        {"nft_expr", "ops", Type::kPointer, 0},
        {"nft_expr_ops", "eval", Type::kPointer, 0},
        {"nft_expr_ops", "size", Type::kU32, 128},
        {"nft_verdict", "code", Type::kU32, 0},
        {"nft_verdict", "chain", Type::kPointer, 64},
};

struct Free {
	void operator()(btf *b) const { btf__free(b); }
};
using BtfPtr = std::unique_ptr<btf, Free>;

class Maker {
public:
	// Without the member `but_for` ("structure.name").
	explicit Maker(std::string but_for = {}) : but_for_(std::move(but_for)), btf_(btf__new_empty()) {
		u8_ = btf__add_int(btf_.get(), "unsigned char", 1, 0);
		u16_ = btf__add_int(btf_.get(), "unsigned short", 2, 0);
		u32_ = btf__add_int(btf_.get(), "unsigned int", 4, 0);
		u64_ = btf__add_int(btf_.get(), "unsigned long long", 8, 0);
		pointer_ = btf__add_ptr(btf_.get(), 0);
		name_ = btf__add_array(btf_.get(), u32_, u8_, 16);
		bytes_ = btf__add_array(btf_.get(), u32_, u8_, 0);
	}

	BtfPtr make() {
		btf *b = btf_.get();
		plain("nft_rule_dp", 8);
		plain("nft_rule_blob", 8);
		plain("nft_pktinfo", 32);
		plain("nf_hook_state", 48);
		plain("nftables_pernet", 0x100);
		plain("net_device", 2048);
		plain("nft_table", 256);
		plain("nft_expr", 8);
		plain("nft_expr_ops", 64);
		// A name declared only is no structure.
		btf__add_fwd(b, "nft_chain", BTF_FWD_STRUCT);
		const int chain = plain("nft_chain", 136);
		// Members of members, by typedef and const.
		const int ns = plain("ns_common", 24);
		const int nft = plain("netns_nft", 8);
		const int nft_const = btf__add_const(b, btf__add_typedef(b, "netns_nft_t", nft));
		begin("net", 4096);
		btf__add_field(b, "ns", ns, 8 * 0x88, 0);
		btf__add_field(b, "nft", nft_const, 8 * nft_in_net, 0);
		fields("net");
		// An anonymous structure in an anonymous union.
		const int headers = plain("skb_headers", 32, true);
		btf__add_union(b, nullptr, 32);
		btf__add_field(b, nullptr, headers, 0, 0);
		const int either = static_cast<int>(btf__type_cnt(b)) - 1;
		begin("sk_buff", 232);
		fields("sk_buff");
		btf__add_field(b, nullptr, either, 8 * 144, 0);
		return finish(chain, plain("nft_verdict", 16));
	}

	bool policy = true; // nft_base_chain has one
	unsigned nft_in_net = 0x4a0;
	bool vlan_present = false; // sk_buff has the bit of 6.1 in place of vlan_all

private:
	BtfPtr finish(int chain, int verdict) {
		btf *b = btf_.get();
		btf__add_union(b, nullptr, 80);
		const int in_regs = static_cast<int>(btf__type_cnt(b)) - 1;
		btf__add_field(b, "data", bytes_, 0, 0);
		btf__add_field(b, "verdict", verdict, 0, 0);
		begin("nft_regs", 80);
		btf__add_field(b, nullptr, in_regs, 0, 0);
		begin("nft_base_chain", 304);
		if (policy) btf__add_field(b, "policy", u8_, 8 * 80, 0);
		btf__add_field(b, "chain", chain, 8 * 104, 0);
		return std::move(btf_);
	}

	void begin(const char *name, unsigned size) { btf__add_struct(btf_.get(), name, size); }

	int plain(const char *name, unsigned size, bool anonymous = false) {
		begin(anonymous ? nullptr : name, size);
		const int id = static_cast<int>(btf__type_cnt(btf_.get())) - 1;
		fields(name);
		if (vlan_present && anonymous) btf__add_field(btf_.get(), "vlan_present", u8_, 8 * 17 + 3, 1);
		return id;
	}

	void fields(std::string_view structure) {
		for (const Member &m : kMembers) {
			if (m.structure != structure || but_for_ == std::string(m.structure) + "." + m.name) continue;
			if (vlan_present && std::string_view(m.name) == "vlan_all") continue;
			btf__add_field(btf_.get(), m.name, id(m.type), static_cast<unsigned>(m.bits_at),
			               static_cast<unsigned>(m.bits));
		}
	}

	[[nodiscard]] int id(Type t) const {
		switch (t) {
		case Type::kU8:
			return u8_;
		case Type::kU16:
			return u16_;
		case Type::kU32:
			return u32_;
		case Type::kU64:
			return u64_;
		case Type::kPointer:
			return pointer_;
		case Type::kName:
			return name_;
		case Type::kBytes:
			return bytes_;
		}
		return 0;
	}

	std::string but_for_;
	BtfPtr btf_;
	int u8_, u16_, u32_, u64_, pointer_, name_, bytes_;
};

jit::Layout layout_of(Maker &&maker) {
	const BtfPtr types = maker.make();
	auto layout = jit::read_layout(types.get());
	EXPECT_TRUE(layout.has_value()) << layout.error().message();
	return layout.value_or(jit::Layout{});
}

void expect_field(const nd_field &f, int offset, int size, int shift, int bits, const char *what) {
	EXPECT_EQ(static_cast<int16_t>(f.offset), offset) << what;
	EXPECT_EQ(f.size, size) << what;
	EXPECT_EQ(f.shift, shift) << what;
	EXPECT_EQ(f.bits, bits) << what;
}
#define EXPECT_FIELD(field, ...) expect_field(field, __VA_ARGS__, #field)

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
	EXPECT_TRUE(holds(l.probe.chain, l.probe.chain_table) && holds(l.probe.chain, l.probe.chain_name));
	EXPECT_TRUE(holds(l.probe.table, l.probe.table_handle) && holds(l.probe.table, l.probe.table_family));
}

TEST(Layout, WhatSomeKernelsLackIsZero) {
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
