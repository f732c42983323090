// SPDX-License-Identifier: GPL-2.0-only
// bpf/probe.bpf.c on made-up kernel structures: which packets become events, and what they say.
#include "probe_world.h"

#include <cstring>
#include <gtest/gtest.h>
#include <random>

namespace nft_drops::jit_test {
namespace {

constexpr uint32_t kDrop = 0;
constexpr uint32_t kAccept = 1;
constexpr uint32_t kContinue = 0xffffffff;
constexpr uint32_t kBreak = 0xfffffffe;
constexpr uint32_t kJump = 0xfffffffd;
constexpr uint32_t kReturn = 0xfffffffb;
constexpr uint64_t kRuleHandle = 0x2a987654321;
constexpr uint64_t kBadPointer = 0xffff8880deadb000;

std::string text(const char *name, size_t size) {
	return {name, strnlen(name, size)};
}

class Probe : public testing::TestWithParam<Reads> {
protected:
	Probe() {
		w.layout = made_up_layout(GetParam());
		w.use_registers(kDrop);
	}
	ProbeWorld w;
};

INSTANTIATE_TEST_SUITE_P(Layouts, Probe, testing::ValuesIn(kEveryWay),
                         [](const auto &info) { return name_of(info.param); });

TEST_P(Probe, TellsEverythingAboutADropByARule) {
	const nd_event &e = w.event();
	EXPECT_EQ(e.time_ns, 123456789012345U);
	EXPECT_EQ(e.rule_handle, kRuleHandle);
	EXPECT_EQ(e.table_handle, 0x99887766U);
	EXPECT_EQ(e.chain_handle, 0x1122334455U);
	EXPECT_EQ(e.netns, 4026531840U);
	EXPECT_EQ(e.verdict, kDrop);
	EXPECT_EQ(e.length, 200U);
	EXPECT_EQ(e.generation, 77U);
	EXPECT_EQ(e.iif, 2U);
	EXPECT_EQ(e.oif, 300U);
	EXPECT_EQ(e.cpu, 3U);
	EXPECT_EQ(e.site, 5U);
	EXPECT_EQ(e.family, 1);
	EXPECT_EQ(e.pf, 2);
	EXPECT_EQ(e.hook, 1);
	EXPECT_EQ(e.cause, ND_CAUSE_RULE);
	EXPECT_EQ(e.flags, ND_FLAG_L2);
	EXPECT_EQ(e.l2_len, 14);
	EXPECT_EQ(e.l3_len, 128);
	EXPECT_EQ(e.of_group, 0);
	EXPECT_EQ(e.protocol, 0x0800);
	EXPECT_EQ(e.vlan_proto, 0);
	EXPECT_EQ(e.vlan_tci, 0);
	EXPECT_EQ(e.dev_type, 1);
	EXPECT_EQ(memcmp(e.iifname, "eth0\0\0\0\0\0\0\0\0\0\0\0\0", 16), 0);
	EXPECT_EQ(memcmp(e.oifname, "wlan0\0\0\0\0\0\0\0\0\0\0\0", 16), 0);
	EXPECT_EQ(text(e.table, sizeof(e.table)), "filter");
	EXPECT_EQ(text(e.base_chain, sizeof(e.base_chain)), "input");
	for (size_t i = 0; i < 14; i++)
		EXPECT_EQ(e.l2[i], 50 + i);
	for (size_t i = 0; i < 128; i++)
		EXPECT_EQ(e.l3[i], (64 + i) & 0xff);
	EXPECT_EQ(w.kernel.here.counts[ND_COUNT_DROPS], 1U);
	EXPECT_EQ(w.kernel.here.counts[ND_COUNT_RING_FULL], 0U);
}

TEST_P(Probe, FindsFactsOnTheStack) {
	w.site.pkt = on_stack(0);
	w.site.rule = on_stack(0x48);
	w.site.base = on_stack(0x138);
	w.site.verdict = on_stack(0x14);
	w.regs = {};
	w.reg(kAtRsp) = w.stack;
	w.put(w.site.pkt, w.pkt);
	w.put(w.site.rule, w.rule);
	w.put(w.site.base, w.base);
	w.put(w.site.verdict, 0x5555555500000000 | kJump);
	const nd_event &e = w.event();
	EXPECT_EQ(e.cause, ND_CAUSE_JUMP_LIMIT);
	EXPECT_EQ(e.verdict, kJump);
	EXPECT_EQ(e.rule_handle, kRuleHandle);
	EXPECT_EQ(e.table_handle, 0x99887766U);
	EXPECT_EQ(e.length, 200U);
}

// Facts side by side are read by one call, up to 64 bytes.
TEST_P(Probe, ReadsAStretchOfTheStackAtOnce) {
	const auto reads = [this](int pkt, int rule, int base, int verdict) {
		w.kernel.events.clear();
		w.kernel.reads = 0;
		w.kernel.here = {};
		w.site.pkt = on_stack(pkt);
		w.site.rule = {ND_WHERE_AT_STACK, rule};
		w.site.base = on_stack(base);
		w.site.verdict = on_stack(verdict);
		w.put(w.site.pkt, w.pkt);
		w.put(w.site.base, w.base);
		w.put(on_stack(rule), w.stack + 0x180);
		w.poke(w.stack + 0x180, 8, w.rule);
		w.poke(w.stack + static_cast<uint64_t>(verdict), 4, kJump);
		const nd_event &e = w.event();
		EXPECT_EQ(e.cause, ND_CAUSE_JUMP_LIMIT);
		EXPECT_EQ(e.verdict, kJump);
		EXPECT_EQ(e.rule_handle, kRuleHandle);
		EXPECT_EQ(e.chain_handle, 0x1122334455U);
		EXPECT_EQ(e.length, 200U);
		return w.kernel.reads;
	};
	w.regs = {};
	w.reg(kAtRsp) = w.stack;
	const size_t apart = reads(0x20, 0xa0, 0x138, 0x44);
	const size_t calls = GetParam() == Reads::kLoads ? 0 : 3;
	EXPECT_EQ(reads(0x20, 0x30, 0x58, 0x44) + calls, apart);
	EXPECT_EQ(reads(0x58, 0x30, 0x40, 0x24) + calls, apart);
	EXPECT_EQ(reads(0x20, 0x30, 0x60, 0x44), apart) << "too long";
}

TEST_P(Probe, AnAcceptedPacketPaysForTheVerdictAlone) {
	w.site.verdict = on_stack(0x44);
	w.site.base = on_stack(0x48);
	w.site.rule = on_stack(0x50);
	w.site.test = ND_TEST_VERDICT;
	w.put(w.site.base, w.base);
	w.put(w.site.rule, w.rule);
	w.poke(w.stack + 0x44, 4, kAccept);
	EXPECT_EQ(w.run(), 0);
	EXPECT_TRUE(w.kernel.events.empty());
	EXPECT_EQ(w.kernel.reads, GetParam() == Reads::kLoads ? 0U : 1U);
	w.poke(w.stack + 0x44, 4, kDrop);
	EXPECT_EQ(w.event().rule_handle, kRuleHandle);
}

// Where loads need no call, only bytes and texts of unknown length are read by one.
TEST_P(Probe, LoadsNeedNoCalls) {
	const nd_event &e = w.event();
	EXPECT_EQ(e.l3_len, 128);
	if (GetParam() == Reads::kLoads) {
		EXPECT_EQ(w.kernel.reads, 3U);
	}
}

TEST_P(Probe, TellsTheCauseByTheVerdict) {
	struct Case {
		uint32_t verdict;
		int cause;
	};
	for (const Case &c :
	     {Case{kDrop, ND_CAUSE_RULE}, Case{0x00010000, ND_CAUSE_RULE}, Case{kContinue, ND_CAUSE_POLICY},
	      Case{kReturn, ND_CAUSE_POLICY}, Case{kJump, ND_CAUSE_JUMP_LIMIT}}) {
		w.kernel.events.clear();
		w.use_registers(c.verdict);
		const nd_event &e = w.event();
		EXPECT_EQ(e.cause, c.cause) << c.verdict;
		EXPECT_EQ(e.verdict, c.verdict);
		EXPECT_EQ(e.rule_handle, c.cause == ND_CAUSE_POLICY ? 0 : kRuleHandle) << c.verdict;
	}
}

TEST_P(Probe, ASiteMayKnowTheCause) {
	for (uint32_t cause : {ND_CAUSE_RULE, ND_CAUSE_POLICY, ND_CAUSE_JUMP_LIMIT}) {
		w.kernel.events.clear();
		w.use_registers(kContinue);
		w.site.cause = cause;
		if (cause == ND_CAUSE_POLICY) w.site.rule = {};
		w.site.verdict = {};
		const nd_event &e = w.event();
		EXPECT_EQ(e.cause, cause);
		EXPECT_EQ(e.verdict, 0U);
		EXPECT_EQ(e.rule_handle, cause == ND_CAUSE_POLICY ? 0 : kRuleHandle);
	}
}

TEST_P(Probe, TestsTheVerdictsLowByte) {
	for (uint32_t verdict : {kDrop, 0x00010000U, 0xabcdef00U}) {
		w.kernel.events.clear();
		w.use_registers(verdict);
		w.site.test = ND_TEST_VERDICT;
		EXPECT_EQ(w.event().verdict, verdict);
	}
	w.kernel.events.clear();
	w.kernel.here = {};
	for (uint32_t verdict : {kAccept, 2U, 0x00070003U, kContinue, kBreak, kJump, kReturn}) {
		w.use_registers(verdict);
		w.site.test = ND_TEST_VERDICT;
		EXPECT_EQ(w.run(), 0);
	}
	EXPECT_TRUE(w.kernel.events.empty());
	EXPECT_EQ(w.kernel.here.counts[ND_COUNT_DROPS], 0U);
}

TEST_P(Probe, TestsTheReturnValuesLowByte) {
	w.use_registers(kContinue);
	w.site.test = ND_TEST_RETURN;
	w.site.retval = in_register(kAtRax);
	// 64 bits of the register, of which 32 count.
	for (uint64_t value : {uint64_t{0}, uint64_t{0x00010000}, uint64_t{0xfeedface00000000}}) {
		w.kernel.events.clear();
		w.put(w.site.retval, value);
		EXPECT_EQ(w.event().cause, ND_CAUSE_POLICY);
	}
	w.kernel.events.clear();
	for (uint64_t value : {1, 2, 0x00010002, 0x00070003, 0xff}) {
		w.put(w.site.retval, value);
		EXPECT_EQ(w.run(), 0);
	}
	EXPECT_TRUE(w.kernel.events.empty());
}

TEST_P(Probe, TestsThePolicy) {
	w.use_registers(kContinue);
	w.site.test = ND_TEST_POLICY;
	EXPECT_EQ(w.event().cause, ND_CAUSE_POLICY);
	w.kernel.events.clear();
	w.poke(w.base, w.layout.base_policy, kAccept);
	EXPECT_EQ(w.run(), 0);
	EXPECT_TRUE(w.kernel.events.empty());
}

TEST_P(Probe, LooksAtOneNamespaceWhereItIsToldTo) {
	w.kernel.wanted_netns = 4026531840U;
	EXPECT_EQ(w.event().netns, 4026531840U);
	w.kernel.events.clear();
	w.kernel.here = {};
	w.kernel.wanted_netns = 4026532000U;
	EXPECT_EQ(w.run(), 0);
	EXPECT_TRUE(w.kernel.events.empty());
	EXPECT_EQ(w.kernel.here.counts[ND_COUNT_DROPS], 0U) << "a drop elsewhere is none of ours";
}

TEST_P(Probe, LeavesSelfTestsOutWhereItWatchesAllNamespaces) {
	constexpr uint64_t kCookie = 4711;
	w.layout.net_cookie = {.offset = 0x40, .size = 8, .shift = 0, .bits = 0, .pad = {}};
	w.poke(w.net, w.layout.net_cookie, kCookie);
	w.kernel.ignored[nd_ignored_slot(kCookie)] = kCookie + 1; // another one's
	EXPECT_EQ(w.event().netns, 4026531840U);
	w.kernel.events.clear();
	w.kernel.here = {};
	w.kernel.ignored[nd_ignored_slot(kCookie)] = kCookie;
	EXPECT_EQ(w.run(), 0);
	EXPECT_TRUE(w.kernel.events.empty());
	EXPECT_EQ(w.kernel.here.counts[ND_COUNT_DROPS], 0U);
	// The self-test's own probe watches nothing else.
	w.kernel.wanted_netns = 4026531840U;
	EXPECT_EQ(w.event().netns, 4026531840U);
}

TEST_P(Probe, CountsWhatTheRingHasNoRoomFor) {
	const NativeProbe probe(w.layout, std::span(&w.site, 1));
	w.kernel.ring_full = true;
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(probe.run(0, w.regs), 0);
	EXPECT_TRUE(w.kernel.events.empty());
	EXPECT_EQ(w.kernel.here.counts[ND_COUNT_DROPS], 3U);
	EXPECT_EQ(w.kernel.here.counts[ND_COUNT_RING_FULL], 3U);
	w.kernel.ring_full = false;
	EXPECT_EQ(probe.run(0, w.regs), 0);
	EXPECT_EQ(w.kernel.events.size(), 1U);
	EXPECT_EQ(w.kernel.here.counts[ND_COUNT_DROPS], 4U);
	EXPECT_EQ(w.kernel.here.counts[ND_COUNT_RING_FULL], 3U);
}

// event.h: names longer than ND_NAME_BYTES are cut, and flagged.
TEST_P(Probe, CutsLongNames) {
	for (size_t length : {size_t{0}, size_t{1}, size_t{62}, size_t{63}, size_t{64}, size_t{65}, size_t{255}}) {
		w.kernel.events.clear();
		const std::string chain(length, 'c');
		const std::string table(length, 't');
		w.poke(w.names, chain + '\0');
		w.poke(w.names + 512, table + '\0');
		const nd_event &e = w.event();
		const bool cut = length >= ND_NAME_BYTES;
		EXPECT_EQ((e.flags & ND_FLAG_TABLE_CUT) != 0, cut) << length;
		EXPECT_EQ((e.flags & ND_FLAG_CHAIN_CUT) != 0, cut) << length;
		const size_t kept = cut ? ND_NAME_BYTES - 1 : length;
		EXPECT_EQ(text(e.table, sizeof(e.table)).substr(0, kept), table.substr(0, kept));
		EXPECT_EQ(text(e.base_chain, sizeof(e.base_chain)).substr(0, kept), chain.substr(0, kept));
		EXPECT_TRUE(cut || strnlen(e.table, sizeof(e.table)) == length) << length;
	}
}

TEST_P(Probe, FlagsTheNameThatIsCut) {
	w.poke(w.names, std::string(100, 'x') + '\0');
	EXPECT_EQ(w.event().flags & (ND_FLAG_TABLE_CUT | ND_FLAG_CHAIN_CUT), ND_FLAG_CHAIN_CUT);
	w.kernel.events.clear();
	w.poke(w.names, std::string("short\0", 6));
	w.poke(w.names + 512, std::string(64, 'x') + '\0');
	EXPECT_EQ(w.event().flags & (ND_FLAG_TABLE_CUT | ND_FLAG_CHAIN_CUT), ND_FLAG_TABLE_CUT);
}

TEST_P(Probe, PassesHostileInterfaceNamesOn) {
	const std::string hostile("\x1b[31m\n\xff\"';$(rm)x");
	ASSERT_EQ(hostile.size(), 16U);
	w.poke(w.in + 8, hostile);
	const nd_event &e = w.event();
	EXPECT_EQ(memcmp(e.iifname, hostile.data(), 16), 0);
	EXPECT_EQ(text(e.oifname, 16), "wlan0");
}

// br_netfilter keeps a bridged packet's ports among the packet's extensions: the input port's number, or in older
// kernels its device.
TEST_P(Probe, ABridgedPacketHasPorts) {
	const uint64_t extensions = w.names + 640;
	const uint64_t info = extensions + 8 * uint64_t{4};
	const char nothing[16] = {};
	const nd_event plain = w.event();
	EXPECT_EQ(plain.physin, 0U);
	EXPECT_EQ(plain.physout, 0U);
	w.kernel.events.clear();
	w.poke(w.skb, w.layout.bridge.skb_active, 0x02);
	w.poke(w.skb, w.layout.bridge.skb_extensions, extensions);
	w.poke(extensions, w.layout.bridge.extension_at, 4);
	w.poke(info, w.layout.bridge.physin, 77);
	w.poke(info, w.layout.bridge.physout, 0);
	const nd_event entered = w.event();
	EXPECT_EQ(entered.physin, 77U);
	EXPECT_EQ(memcmp(entered.physin_name, nothing, 16), 0);
	EXPECT_EQ(entered.physout, 0U);
	EXPECT_EQ(memcmp(entered.physout_name, nothing, 16), 0);
	w.kernel.events.clear();
	w.layout.bridge.physin.size = 8;
	w.poke(info, w.layout.bridge.physin, w.out);
	w.poke(info, w.layout.bridge.physout, w.in);
	const nd_event leaves = w.event();
	EXPECT_EQ(leaves.physin, 300U);
	EXPECT_EQ(text(leaves.physin_name, 16), "wlan0");
	EXPECT_EQ(leaves.physout, 2U);
	EXPECT_EQ(text(leaves.physout_name, 16), "eth0");
	w.kernel.events.clear();
	w.poke(w.skb, w.layout.bridge.skb_extensions, kBadPointer);
	EXPECT_EQ(w.event().physin, 0U);
	w.kernel.events.clear();
	w.layout.bridge.skb_active = {}; // a kernel without CONFIG_BRIDGE_NETFILTER
	EXPECT_EQ(w.event().physin, 0U);
}

TEST_P(Probe, APacketMayHaveNoDevices) {
	w.poke(w.state, w.layout.state_in, 0);
	w.poke(w.state, w.layout.state_out, 0);
	w.poke(w.skb, w.layout.skb_dev, 0);
	const nd_event &e = w.event();
	const char nothing[16] = {};
	EXPECT_EQ(e.iif, 0U);
	EXPECT_EQ(e.oif, 0U);
	EXPECT_EQ(e.dev_type, 0);
	EXPECT_EQ(memcmp(e.iifname, nothing, 16), 0);
	EXPECT_EQ(memcmp(e.oifname, nothing, 16), 0);
	EXPECT_EQ(e.rule_handle, kRuleHandle);
	EXPECT_EQ(e.l3_len, 128);
}

// While a namespace is held, its struct net is looked into once: what is wanted of it does not move.
TEST_P(Probe, AHeldNamespaceIsKnownByItsAddress) {
	w.kernel.wanted_netns = 4026531840U;
	w.kernel.netns_held = true;
	const uint32_t generation = w.event().generation;
	EXPECT_NE(generation, 0U);
	w.poke(w.net, w.layout.net_inum, 1);
	w.poke(w.net, w.layout.net_gen, kBadPointer);
	w.poke(w.pernet, w.layout.pernet_base_seq, generation + 1);
	w.kernel.events.clear();
	EXPECT_EQ(w.event().generation, generation + 1);
	EXPECT_EQ(w.kernel.events[0].netns, 4026531840U);
	// Another one is looked into, and is none of ours.
	w.kernel.events.clear();
	w.poke(w.state, w.layout.state_net, w.net + 0x1000);
	EXPECT_EQ(w.run(), 0);
	EXPECT_TRUE(w.kernel.events.empty());
	EXPECT_EQ(w.kernel.here.counts[ND_COUNT_DROPS], 2U);
}

TEST_P(Probe, GenerationMayBeAnywhereOrNowhere) {
	w.layout.net_base_seq = {.offset = 0x230, .size = 4, .shift = 0, .bits = 0, .pad = {}};
	w.poke(w.net, w.layout.net_base_seq, 4711);
	EXPECT_EQ(w.event().generation, 4711U);
	w.kernel.events.clear();
	w.layout.net_base_seq = {};
	w.layout.pernet_base_seq = {};
	EXPECT_EQ(w.event().generation, 0U);
	w.kernel.events.clear();
	w.layout = made_up_layout(GetParam());
	w.poke(w.net, w.layout.net_gen, kBadPointer);
	EXPECT_EQ(w.event().generation, 0U);
}

TEST_P(Probe, VlanTagBesideThePacket) {
	w.poke(w.skb + w.layout.skb_vlan_proto.offset, std::string("\x81\x00", 2)); // network byte order
	w.poke(w.skb, w.layout.skb_vlan_tci, 0xe123);
	w.poke(w.skb, w.layout.skb_vlan_present, 0);
	EXPECT_EQ(w.event().flags & ND_FLAG_VLAN, 0);
	EXPECT_EQ(w.kernel.events[0].vlan_tci, 0);
	w.kernel.events.clear();
	w.poke(w.skb, w.layout.skb_vlan_present, 1);
	const nd_event &e = w.event();
	EXPECT_EQ(e.flags & ND_FLAG_VLAN, ND_FLAG_VLAN);
	EXPECT_EQ(e.vlan_proto, 0x8100);
	EXPECT_EQ(e.vlan_tci, 0xe123);
}

// Since 6.2 the kernel tests vlan_all, a word, in place of a bit.
TEST_P(Probe, VlanTagByItsWord) {
	w.layout.skb_vlan_present = {.offset = 152, .size = 4, .shift = 0, .bits = 0, .pad = {}};
	w.poke(w.skb + 152, std::string("\x88\xa8\x05\x00", 4));
	const nd_event &e = w.event();
	EXPECT_EQ(e.flags & ND_FLAG_VLAN, ND_FLAG_VLAN);
	EXPECT_EQ(e.vlan_proto, 0x88a8);
	EXPECT_EQ(e.vlan_tci, 5);
	w.kernel.events.clear();
	w.poke(w.skb, w.layout.skb_vlan_present, 0);
	EXPECT_EQ(w.event().flags & ND_FLAG_VLAN, 0);
}

} // namespace
} // namespace nft_drops::jit_test
