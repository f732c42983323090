// SPDX-License-Identifier: GPL-2.0-only
// Which of the packet's bytes bpf/probe.bpf.c keeps, and what it makes of memory that cannot be read.
#include "probe_world.h"

#include <cstring>
#include <gtest/gtest.h>
#include <random>

namespace nft_drops::jit_test {
namespace {

constexpr uint64_t kBadPointer = 0xffff8880deadb000;
constexpr uint32_t kNoMacHeader = 0xffff;

struct Bytes {
	const char *name;
	// Offsets from skb->head; bytes.
	uint32_t data, network_header, mac_header, len, data_len;
	uint32_t length;
	int l3_len, l2_len;
};

class ProbeBytes : public testing::TestWithParam<Bytes> {};

TEST_P(ProbeBytes, AreThoseOfThePacket) {
	const Bytes &b = GetParam();
	ProbeWorld w;
	w.use_registers(0);
	w.packet(b.data, b.network_header, b.mac_header, b.len, b.data_len);
	const nd_event &e = w.event();
	EXPECT_EQ(e.length, b.length);
	ASSERT_EQ(e.l3_len, b.l3_len);
	ASSERT_EQ(e.l2_len, b.l2_len);
	EXPECT_EQ((e.flags & ND_FLAG_L2) != 0, b.l2_len != 0);
	// The made-up packet's bytes are their own offsets.
	for (uint32_t i = 0; i < e.l3_len; i++)
		EXPECT_EQ(e.l3[i], static_cast<uint8_t>(b.network_header + i));
	for (uint32_t i = 0; i < e.l2_len; i++)
		EXPECT_EQ(e.l2[i], static_cast<uint8_t>(b.mac_header + i));
}

constexpr Bytes kBytes[] = {
        {"Plain", 64, 64, 50, 1500, 0, 1500, 128, 14},
        {"JustFits", 64, 64, 50, 128, 0, 128, 128, 14},
        {"Short", 64, 64, 50, 40, 0, 40, 40, 14},
        {"OneByte", 64, 64, 50, 1, 0, 1, 1, 14},
        {"Empty", 64, 64, 50, 0, 0, 0, 0, 14},
        {"NonLinear", 64, 64, 50, 1500, 1400, 1500, 100, 14},
        {"AllInFragments", 64, 64, 50, 1500, 1500, 1500, 0, 14},
        {"NoMacHeader", 64, 64, kNoMacHeader, 84, 0, 84, 84, 0},
        {"MacHeaderIsNetworkHeader", 64, 64, 64, 84, 0, 84, 84, 0}, // a device without link headers
        {"MacHeaderBehind", 64, 64, 70, 84, 0, 84, 84, 0},
        {"LinkHeaderOf32", 64, 64, 32, 84, 0, 84, 84, 32},
        // Egress: skb->data is at the link header, so len counts it.
        {"Egress", 50, 64, 50, 98, 0, 84, 84, 14},
        {"EgressNonLinear", 50, 64, 50, 1014, 914, 1000, 86, 14},
        {"EgressLong", 50, 64, 50, 1514, 0, 1500, 128, 14},
        // Nothing of the network header is in the linear part.
        {"LinkHeaderAlone", 50, 64, 50, 1514, 1500, 1500, 0, 14},
        // skb->data behind the network header (a transport header was pulled): what was pulled is still there.
        {"Pulled", 84, 64, 50, 100, 0, 120, 120, 14},
};

INSTANTIATE_TEST_SUITE_P(Packets, ProbeBytes, testing::ValuesIn(kBytes),
                         [](const auto &info) { return info.param.name; });

// A pointer that leads nowhere makes its own facts zero, and no others.
TEST(ProbePointers, UnreadableRule) {
	ProbeWorld w;
	w.use_registers(0);
	w.put(w.site.rule, kBadPointer);
	const nd_event &e = w.event();
	EXPECT_EQ(e.rule_handle, 0U);
	EXPECT_EQ(e.cause, ND_CAUSE_RULE);
	EXPECT_EQ(e.chain_handle, 0x1122334455U);
	EXPECT_EQ(e.l3_len, 128);
}

TEST(ProbePointers, UnreadableBaseChain) {
	ProbeWorld w;
	w.use_registers(0);
	w.put(w.site.base, kBadPointer);
	const nd_event &e = w.event();
	EXPECT_EQ(e.chain_handle, 0U);
	EXPECT_EQ(e.table_handle, 0U);
	EXPECT_EQ(e.family, 0);
	EXPECT_EQ(e.table[0], 0);
	EXPECT_EQ(e.base_chain[0], 0);
	EXPECT_EQ(e.rule_handle, 0x2a987654321U);
	EXPECT_EQ(e.iif, 2U);
}

TEST(ProbePointers, UnreadableTable) {
	ProbeWorld w;
	w.use_registers(0);
	w.poke(w.base, w.layout.chain_table, kBadPointer);
	const nd_event &e = w.event();
	EXPECT_EQ(e.table_handle, 0U);
	EXPECT_EQ(e.table[0], 0);
	EXPECT_EQ(e.chain_handle, 0x1122334455U);
	EXPECT_STREQ(e.base_chain, "input");
}

TEST(ProbePointers, UnreadableNames) {
	ProbeWorld w;
	w.use_registers(0);
	w.poke(w.base, w.layout.chain_name, kBadPointer);
	w.poke(w.table, w.layout.table_name, 0);
	const nd_event &e = w.event();
	EXPECT_EQ(e.table[0], 0);
	EXPECT_EQ(e.base_chain[0], 0);
	EXPECT_EQ(e.flags & (ND_FLAG_TABLE_CUT | ND_FLAG_CHAIN_CUT), 0);
}

TEST(ProbePointers, UnreadablePacket) {
	ProbeWorld w;
	w.use_registers(0);
	w.put(w.site.pkt, kBadPointer);
	const nd_event &e = w.event();
	EXPECT_EQ(e.rule_handle, 0x2a987654321U);
	EXPECT_EQ(e.netns, 0U);
	EXPECT_EQ(e.generation, 0U);
	EXPECT_EQ(e.length, 0U);
	EXPECT_EQ(e.l3_len, 0);
	EXPECT_EQ(e.l2_len, 0);
	EXPECT_EQ(e.flags, 0);
	EXPECT_EQ(e.iif, 0U);
	EXPECT_EQ(e.hook, 0);
}

TEST(ProbePointers, UnreadableBytes) {
	ProbeWorld w;
	w.use_registers(0);
	w.poke(w.skb, w.layout.skb_head, kBadPointer);
	w.poke(w.skb, w.layout.skb_data, kBadPointer + 64);
	const nd_event &e = w.event();
	EXPECT_EQ(e.length, 200U);
	EXPECT_EQ(e.l3_len, 0);
	EXPECT_EQ(e.l2_len, 0);
	EXPECT_EQ(e.flags & ND_FLAG_L2, 0);
}

TEST(ProbePointers, UnreadableStack) {
	ProbeWorld w;
	w.use_registers(0);
	w.site.verdict = on_stack(8);
	w.site.test = ND_TEST_NONE;
	w.site.rule = on_stack(16);
	w.reg(kAtRsp) = kBadPointer;
	EXPECT_EQ(w.event().rule_handle, 0U);
}

TEST(ProbePointers, NothingReadableAtAll) {
	ProbeWorld w;
	w.use_registers(0);
	w.kernel.memory.clear();
	const nd_event &e = w.event();
	EXPECT_EQ(e.time_ns, 123456789012345U);
	EXPECT_EQ(e.rule_handle, 0U);
	EXPECT_EQ(e.length, 0U);
	EXPECT_EQ(e.l3_len, 0);
	EXPECT_EQ(e.flags, 0);
}

// Whatever an skb says of itself, nothing is read or written out of bounds.
TEST(ProbePointers, RandomPacketsStayInBounds) {
	ProbeWorld w;
	w.use_registers(0);
	const NativeProbe probe(w.layout, std::span(&w.site, 1));
	std::mt19937_64 random(11);
	int with_bytes = 0;
	for (int n = 0; n < 20000; n++) {
		const auto number = [&]() -> uint32_t {
			switch (random() % 4) {
			case 0:
				return static_cast<uint32_t>(random());
			case 1:
				return static_cast<uint32_t>(random() % 0x10000);
			default:
				return static_cast<uint32_t>(random() % 300);
			}
		};
		const uint32_t data = number();
		const uint32_t network_header = number() & 0xffff;
		const uint32_t mac_header = number() & 0xffff;
		const uint32_t len = number();
		const uint32_t data_len = number();
		w.packet(data, network_header, mac_header, len, data_len);
		w.kernel.events.clear();
		ASSERT_EQ(probe.run(0, w.regs), 0);
		ASSERT_EQ(w.kernel.events.size(), 1U);
		const nd_event &e = w.kernel.events[0];
		ASSERT_FALSE(w.kernel.overrun);
		ASSERT_LE(e.l3_len, ND_L3_BYTES);
		ASSERT_LE(e.l2_len, ND_L2_BYTES);
		for (uint32_t i = 0; i < e.l3_len; i++)
			ASSERT_EQ(e.l3[i], static_cast<uint8_t>(network_header + i));
		for (uint32_t i = 0; i < e.l2_len; i++)
			ASSERT_EQ(e.l2[i], static_cast<uint8_t>(mac_header + i));
		// No byte behind the linear part.
		const uint64_t linear_end = (uint64_t{data} + len - data_len) & 0xffffffff;
		ASSERT_TRUE(!e.l3_len || uint64_t{network_header} + e.l3_len <= linear_end);
		with_bytes += e.l3_len != 0;
	}
	EXPECT_GT(with_bytes, 1000);
}

} // namespace
} // namespace nft_drops::jit_test
