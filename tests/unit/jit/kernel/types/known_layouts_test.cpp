// SPDX-License-Identifier: GPL-2.0-only
// propose_layouts() where BTF has nothing of nf_tables.
#include "made_up_types.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>

namespace nft_drops::jit_test {
namespace {

// nf_tables' own structures, as a compiler lays out what headers of Linux 5.10 and 5.17 say; only sizes of what they
// embed come from BTF.
struct ListHead {
	void *next, *prev;
};
struct Rhltable {
	uint64_t words[17];
};
struct HookOps {
	void *hook, *dev, *priv;
	uint8_t pf;
	uint32_t hooknum;
	int32_t priority;
};
struct Packet510 {
	void *skb;
	bool tprot_set;
	uint8_t tprot;
	struct {
		const void *match, *matchinfo, *state;
		int32_t fragoff;
		uint32_t thoff;
		bool hotdrop;
	} xt;
};
struct Rule510 {
	ListHead list;
	uint64_t bits;
	unsigned char data[8];
};
struct Chain510 {
	void *rules_gen_0, *rules_gen_1;
	ListHead rules, list, rhlhead;
	void *table;
	uint64_t handle;
	uint32_t use;
	uint8_t flags;
	char *name;
	uint16_t udlen;
	uint8_t *udata;
	void *rules_next;
};
struct BaseChain510 {
	HookOps ops;
	ListHead hook_list;
	void *type;
	uint8_t policy, flags;
	void *stats;
	Chain510 chain;
	ListHead flow_block;
};
struct Table510 {
	ListHead list;
	Rhltable chains_ht;
	ListHead chains, sets, objects, flowtables;
	uint64_t hgenerator, handle;
	uint32_t use;
	uint16_t bits;
	char *name;
};
struct Table512 {
	ListHead list;
	Rhltable chains_ht;
	ListHead chains, sets, objects, flowtables;
	uint64_t hgenerator, handle;
	uint32_t use;
	uint16_t bits;
	uint32_t nlpid;
	char *name;
};

Maker core_kernel() {
	Maker maker;
	maker.core_only = true;
	maker.embedded = {{"list_head", sizeof(ListHead)},
	                  {"rhlist_head", sizeof(ListHead)},
	                  {"rhltable", sizeof(Rhltable)},
	                  {"nf_hook_ops", sizeof(HookOps)}};
	return maker;
}

TEST(KnownLayouts, AreAsACompilerLaysThemOut) {
	const BtfPtr types = core_kernel().make();
	const auto layouts = jit::propose_layouts(types.get());
	ASSERT_TRUE(layouts.has_value()) << layouts.error().message();
	ASSERT_GE(layouts->size(), 2U);
	const jit::Layout &l = layouts->front();
	EXPECT_EQ(l.known, 1U);
	EXPECT_EQ(l.ruleset.rule_array, 1U);
	EXPECT_FIELD(l.probe.pkt_state, offsetof(Packet510, xt.state), 8, 0, 0);
	EXPECT_EQ(l.ruleset.pkt_size, sizeof(Packet510));
	EXPECT_FIELD(l.ruleset.chain_rules[1], offsetof(Chain510, rules_gen_1), 8, 0, 0);
	EXPECT_FIELD(l.probe.chain_table, offsetof(Chain510, table), 8, 0, 0);
	EXPECT_FIELD(l.probe.chain_handle, offsetof(Chain510, handle), 8, 0, 0);
	EXPECT_FIELD(l.probe.chain_name, offsetof(Chain510, name), 8, 0, 0);
	EXPECT_EQ(l.ruleset.chain_size, sizeof(Chain510));
	EXPECT_EQ(l.probe.chain_in_base, offsetof(BaseChain510, chain));
	EXPECT_FIELD(l.probe.base_policy,
	             static_cast<int>(offsetof(BaseChain510, policy)) - static_cast<int>(offsetof(BaseChain510, chain)),
	             1, 0, 0);
	EXPECT_EQ(l.ruleset.base_chain_size, sizeof(BaseChain510));
	EXPECT_FIELD(l.probe.table_handle, offsetof(Table510, handle), 8, 0, 0);
	EXPECT_FIELD(l.probe.table_family, offsetof(Table510, bits), 1, 0, 6);
	EXPECT_FIELD(l.probe.table_name, offsetof(Table510, name), 8, 0, 0);
	EXPECT_FIELD((*layouts)[1].probe.table_name, offsetof(Table512, name), 8, 0, 0);
	EXPECT_EQ(l.ruleset.rule_data.offset, offsetof(Rule510, data));
	EXPECT_EQ(l.ruleset.regs_size, 80U); // 20 registers of 32 bits
	// u64 handle:42, genmask:2, dlen:12, udata:1 behind the list.
	const uint64_t bits = uint64_t{0x3210fedcba9} | uint64_t{0xabc} << 44;
	const auto value = [bits](const nd_field &f) {
		uint64_t v = bits >> (8 * (f.offset - sizeof(ListHead)));
		if (f.size < 8) v &= (uint64_t{1} << (8 * f.size)) - 1;
		return (v >> f.shift) & ((uint64_t{1} << f.bits) - 1);
	};
	EXPECT_EQ(value(l.ruleset.rule_dlen), 0xabcU);
	EXPECT_EQ(value(l.probe.rule_handle), 0x3210fedcba9U);
}

TEST(KnownLayouts, ThereAreSomeWithBlobs) {
	const BtfPtr types = core_kernel().make();
	const auto layouts = jit::propose_layouts(types.get());
	ASSERT_TRUE(layouts.has_value()) << layouts.error().message();
	const auto blobs = std::ranges::find(*layouts, 0U, [](const jit::Layout &l) { return l.ruleset.rule_array; });
	ASSERT_NE(blobs, layouts->end());
	EXPECT_EQ(blobs->ruleset.rule_data.offset, 8);
	EXPECT_EQ(blobs->ruleset.blob_data.offset, 8);
	EXPECT_FIELD(blobs->ruleset.rule_is_last, 0, 1, 0, 1);
	for (const jit::Layout &l : *layouts)
		EXPECT_STRNE(jit::name_of_known_layout(l.known), "unknown") << l.known;
}

TEST(KnownLayouts, AreNotTakenWhereBtfTells) {
	const BtfPtr types = Maker().make();
	const auto layouts = jit::propose_layouts(types.get());
	ASSERT_TRUE(layouts.has_value()) << layouts.error().message();
	ASSERT_EQ(layouts->size(), 1U);
	EXPECT_EQ(layouts->front().known, 0U);
}

// Half of nf_tables' types is a kernel that is not understood, not one without them.
TEST(KnownLayouts, AreNotTakenWhereBtfContradicts) {
	const BtfPtr types = Maker("nft_chain.name").make();
	EXPECT_FALSE(jit::propose_layouts(types.get()).has_value());
}

TEST(KnownLayouts, NeedTheCoreKernelsTypes) {
	Maker maker = core_kernel();
	maker.embedded.pop_back();
	const BtfPtr types = maker.make();
	const auto layouts = jit::propose_layouts(types.get());
	ASSERT_FALSE(layouts.has_value());
	EXPECT_EQ(layouts.error().blame, Blame::kMachine);
}

} // namespace
} // namespace nft_drops::jit_test
