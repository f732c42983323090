// SPDX-License-Identifier: GPL-2.0-only
// bpf/flows.bpf.c: whose a drop is, of which flow, and that no drop is missing in the sums.
#include "native_flows.h"
#include "probe_world.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <random>
#include <set>
#include <string>

namespace nft_drops::jit_test {
namespace {

using testing::ElementsAre;

constexpr uint32_t kContinue = 0xffffffff; // the policy's drop
constexpr uint32_t kDrop = 0;
constexpr uint64_t kCookie = 4711;
constexpr uint64_t kTable = 0x99887766;
constexpr uint64_t kChain = 0x1122334455;
constexpr uint32_t kNetworkHeader = 64;

uint64_t address4(const char *text) {
	in_addr address{};
	EXPECT_EQ(inet_pton(AF_INET, text, &address), 1);
	return address.s_addr;
}

std::string be16(unsigned v) {
	return {static_cast<char>(v >> 8), static_cast<char>(v)};
}

// An IPv4 header of `words` words, and what follows it.
std::string ip(uint8_t protocol, const std::string &payload, unsigned fragment = 0, unsigned words = 5) {
	std::string p;
	p += static_cast<char>(0x40 + words);
	p += std::string("\0", 1) + be16(static_cast<unsigned>(words * 4 + payload.size())) + be16(7) + be16(fragment);
	p += std::string("\x40", 1) + static_cast<char>(protocol) + be16(0) + std::string("\x0a\x00\x00\x02", 4) +
	     std::string("\x0a\x00\x00\x01", 4);
	return p + std::string((words - 5) * 4, '\1') + payload;
}

const std::string kSource6 = "\x20\x01\x0d\xb8" + std::string(11, '\0') + "\x02";
const std::string kTarget6 = "\x20\x01\x0d\xb8" + std::string(11, '\0') + "\x01";

std::string ip6(uint8_t next, const std::string &payload) {
	return std::string("\x60\0\0\0", 4) + be16(static_cast<unsigned>(payload.size())) + static_cast<char>(next) +
	       "\x40" + kSource6 + kTarget6 + payload;
}

std::string ports(unsigned from, unsigned to) {
	return be16(from) + be16(to) + std::string(4, '\0');
}

class FlowWorld : public testing::TestWithParam<Reads> {
protected:
	FlowWorld() {
		world_.layout = made_up_layout(GetParam());
		world_.layout.net_cookie = {.offset = 0x188, .size = 8, .shift = 0, .bits = 0, .pad = {}};
		world_.poke(world_.net, world_.layout.net_cookie, kCookie);
		world_.use_registers(kDrop);
		rule_is(world_.rule, 7);
		world_.kernel.cpu = 0;
		shown(0x0800, ip(17, ports(5353, 53)));
	}
	void TearDown() override { EXPECT_FALSE(world_.kernel.bad_call); }

	void rule_is(uint64_t address, uint64_t handle) { world_.poke(address, world_.layout.rule_handle, handle); }
	// The packet: these bytes from its network header on, of which `linear` are in the linear part.
	void shown(uint16_t ethertype, const std::string &bytes, std::optional<size_t> linear = {}) {
		world_.poke(world_.head + kNetworkHeader, bytes);
		const auto size = static_cast<uint32_t>(bytes.size());
		const auto outside = static_cast<uint32_t>(size - linear.value_or(size));
		world_.packet(kNetworkHeader, kNetworkHeader, 50, size, outside);
		world_.poke(world_.skb, world_.layout.skb_protocol, htons(ethertype));
	}
	NativeFlows &flows() {
		if (!flows_) flows_.emplace(world_.layout, world_.site, rules_, entries_, filter_);
		return *flows_;
	}
	void drop(uint64_t by, uint32_t verdict = kDrop) {
		world_.put(world_.site.rule, by);
		world_.put(world_.site.verdict, verdict);
		flows().packet(world_.regs);
	}
	void drop() { drop(world_.rule); }
	size_t region_index(uint32_t cpu = 0) { return (flows().control.epoch & 1) * NativeFlows::kProcessors + cpu; }
	std::span<nd_flow_rule> rules(uint32_t cpu = 0) {
		return std::span(flows().rules).subspan(region_index(cpu) * rules_, flows().region(cpu).rules);
	}
	std::span<nd_flow> entries(uint32_t cpu = 0) {
		return std::span(flows().flows).subspan(region_index(cpu) * entries_, flows().region(cpu).flows);
	}
	// The only flow that the packet makes.
	nd_flow_key key() {
		drop();
		EXPECT_EQ(entries().size(), 1U);
		return entries().empty() ? nd_flow_key{} : entries()[0].key;
	}
	void expect(const nd_flow_key &k, unsigned kind, unsigned protocol, unsigned port) {
		EXPECT_EQ(k.kind, kind);
		EXPECT_EQ(k.protocol, protocol);
		EXPECT_EQ(k.port, port);
		EXPECT_EQ(k.iif, 2U);
		EXPECT_EQ(k.oif, 300U);
	}

	ProbeWorld world_;
	uint32_t rules_ = 16, entries_ = 64;
	jit::Filter filter_;
	std::optional<NativeFlows> flows_;
};
INSTANTIATE_TEST_SUITE_P(, FlowWorld, testing::ValuesIn(kEveryWay), [](const auto &p) { return name_of(p.param); });

TEST_P(FlowWorld, ARuleAndItsFlow) {
	world_.kernel.time_ns = 1000;
	drop();
	world_.kernel.time_ns = 1500;
	drop();
	ASSERT_EQ(rules().size(), 1U);
	const nd_flow_rule &rule = rules()[0];
	EXPECT_EQ(rule.key.netns, kCookie);
	EXPECT_EQ(rule.key.table, kTable);
	EXPECT_EQ(rule.key.culprit, uint64_t{7} << 8 | ND_CAUSE_RULE);
	EXPECT_EQ(rule.key.chain, kChain);
	EXPECT_EQ(rule.key.generation, 77U);
	EXPECT_EQ(rule.sum.packets, 2U);
	EXPECT_EQ(rule.sum.bytes, 56U);
	EXPECT_EQ(rule.sum.first_ns, 1000U);
	EXPECT_EQ(rule.sum.last_ns, 1500U);
	EXPECT_EQ(rule.netns_inode, 4026531840U);
	EXPECT_EQ(rule.family, 1);
	EXPECT_EQ(rule.pf, 2);
	EXPECT_EQ(rule.hook, 1);
	EXPECT_EQ(rule.flags, 0);
	EXPECT_STREQ(rule.table, "filter");
	EXPECT_STREQ(rule.base_chain, "input");
	ASSERT_EQ(entries().size(), 1U);
	const nd_flow &flow = entries()[0];
	expect(flow.key, ND_FLOW_IP | ND_FLOW_PORT, 17, 53);
	EXPECT_EQ(flow.key.rule, 0U);
	EXPECT_EQ(flow.key.saddr[0], address4("10.0.0.2"));
	EXPECT_EQ(flow.key.daddr[0], address4("10.0.0.1"));
	EXPECT_EQ(flow.key.saddr[1] | flow.key.daddr[1], 0U);
	EXPECT_EQ(flow.sum.packets, 2U);
	EXPECT_EQ(flow.sum.bytes, 56U);
	EXPECT_EQ(flow.sum.first_ns, 1000U);
	EXPECT_EQ(flow.sum.last_ns, 1500U);
	EXPECT_STREQ(flow.iifname, "eth0");
	EXPECT_STREQ(flow.oifname, "wlan0");
}

TEST_P(FlowWorld, TheSourcePortIsNoPartOfAFlow) {
	drop();
	shown(0x0800, ip(17, ports(1, 53)));
	drop();
	shown(0x0800, ip(17, ports(1, 54)));
	drop();
	EXPECT_EQ(entries().size(), 2U);
	EXPECT_EQ(rules().size(), 1U);
	EXPECT_EQ(rules()[0].sum.packets, 3U);
}

TEST_P(FlowWorld, PortsBehindIpOptions) {
	shown(0x0800, ip(6, ports(1, 443), 0, 15));
	expect(key(), ND_FLOW_IP | ND_FLOW_PORT, 6, 443);
}
TEST_P(FlowWorld, ALaterFragmentHasNoPort) {
	shown(0x0800, ip(17, ports(1, 53), 0x2001));
	expect(key(), ND_FLOW_IP, 17, 0);
}
TEST_P(FlowWorld, AFirstFragmentHas) {
	shown(0x0800, ip(17, ports(1, 53), 0x2000));
	expect(key(), ND_FLOW_IP | ND_FLOW_PORT, 17, 53);
}
TEST_P(FlowWorld, NothingIsReadOutsideOfTheLinearPart) {
	shown(0x0800, ip(17, ports(1, 53)), 23);
	expect(key(), ND_FLOW_IP, 17, 0);
}
TEST_P(FlowWorld, AHeaderThatIsCutIsNone) {
	shown(0x0800, ip(17, ports(1, 53)), 19);
	expect(key(), ND_FLOW_OTHER, 0, 0x0800);
}
TEST_P(FlowWorld, IcmpHasTypeAndCode) {
	shown(0x0800, ip(1, std::string("\x03\x0d\0\0\0\0\0\0", 8)));
	expect(key(), ND_FLOW_IP | ND_FLOW_PORT, 1, 0x030d);
}
TEST_P(FlowWorld, OtherProtocolsHaveNoPort) {
	shown(0x0800, ip(50, ports(1, 2)));
	expect(key(), ND_FLOW_IP, 50, 0);
}
TEST_P(FlowWorld, Ip6) {
	shown(0x86dd, ip6(6, ports(1, 22)));
	const nd_flow_key k = key();
	expect(k, ND_FLOW_IP6 | ND_FLOW_PORT, 6, 22);
	EXPECT_EQ(memcmp(k.saddr, kSource6.data(), 16), 0);
	EXPECT_EQ(memcmp(k.daddr, kTarget6.data(), 16), 0);
}
TEST_P(FlowWorld, Ip6BehindExtensionHeaders) {
	const std::string hop = std::string("\x3c\0", 2) + std::string(6, '\0');          // then destination options
	const std::string options = std::string("\x33\x01", 2) + std::string(14, '\0');   // then AH
	const std::string ah = std::string("\x2c\x01", 2) + std::string(10, '\0');        // then a fragment header
	const std::string fragment = std::string("\x11\0\0\1", 4) + std::string(4, '\0'); // the first one, of UDP
	shown(0x86dd, ip6(0, hop + options + ah + fragment + ports(1, 123)));
	expect(key(), ND_FLOW_IP6 | ND_FLOW_PORT, 17, 123);
}
TEST_P(FlowWorld, Ip6LaterFragment) {
	shown(0x86dd, ip6(44, std::string("\x11\0\0\x08", 4) + std::string(4, '\0') + ports(1, 123)));
	expect(key(), ND_FLOW_IP6, 17, 0);
}
TEST_P(FlowWorld, Ip6WithoutEnd) {
	std::string hops;
	for (int i = 0; i < 20; i++)
		hops += std::string("\0\0", 2) + std::string(6, '\0');
	shown(0x86dd, ip6(0, hops));
	expect(key(), ND_FLOW_IP6, 0, 0);
}
TEST_P(FlowWorld, Arp) {
	shown(0x0806, std::string("\0\1\x08\0\6\4\0\1", 8) + "abcdef" + std::string("\x0a\0\0\2", 4) +
	                      std::string(6, '\0') + std::string("\x0a\0\0\1", 4));
	const nd_flow_key k = key();
	expect(k, ND_FLOW_ARP | ND_FLOW_PORT, 0, 1);
	EXPECT_EQ(k.saddr[0], address4("10.0.0.2"));
	EXPECT_EQ(k.daddr[0], address4("10.0.0.1"));
}
TEST_P(FlowWorld, AnythingElseHasItsEtherType) {
	shown(0x88cc, std::string(40, 'x'));
	expect(key(), ND_FLOW_OTHER, 0, 0x88cc);
}

TEST_P(FlowWorld, RulePolicyAndJumpLimitAreThree) {
	drop(world_.rule, kDrop);
	drop(world_.rule, kContinue);
	drop(world_.rule, 0xfffffffd);
	drop(world_.rule, kContinue);
	ASSERT_EQ(rules().size(), 3U);
	EXPECT_EQ(rules()[0].key.culprit, uint64_t{7} << 8 | ND_CAUSE_RULE);
	EXPECT_EQ(rules()[1].key.culprit, kChain << 8 | ND_CAUSE_POLICY);
	EXPECT_EQ(rules()[1].sum.packets, 2U);
	EXPECT_EQ(rules()[2].key.culprit, uint64_t{7} << 8 | ND_CAUSE_JUMP_LIMIT);
	EXPECT_EQ(entries().size(), 3U);
}

TEST_P(FlowWorld, AKnownRuleIsNotLookedAt) {
	drop();
	const size_t before = world_.kernel.reads;
	rule_is(world_.rule, 8); // cannot be while the generation is the same
	drop();
	EXPECT_EQ(rules().size(), 1U);
	if (GetParam() != Reads::kLoads) {
		EXPECT_LE(world_.kernel.reads - before, 27U);
	}
}

TEST_P(FlowWorld, AnotherGenerationIsAnotherRule) {
	drop();
	rule_is(world_.rule, 8);
	world_.poke(world_.pernet, world_.layout.pernet_base_seq, 78);
	drop();
	ASSERT_EQ(rules().size(), 2U);
	EXPECT_EQ(rules()[1].key.culprit, uint64_t{8} << 8 | ND_CAUSE_RULE);
	EXPECT_EQ(rules()[1].key.generation, 78U);
	EXPECT_EQ(entries().size(), 2U);
}

TEST_P(FlowWorld, AnotherNamespaceAtTheSameAddressIsAnother) {
	drop();
	world_.poke(world_.net, world_.layout.net_cookie, kCookie + 1);
	rule_is(world_.rule, 8);
	drop();
	ASSERT_EQ(rules().size(), 2U);
	EXPECT_EQ(rules()[1].key.netns, kCookie + 1);
}

// A base chain is in its hook before the commit that makes it a part of the ruleset.
TEST_P(FlowWorld, NothingIsKeptOfAChainThatIsNoPartOfTheRuleset) {
	world_.poke(world_.base, world_.layout.chain_genmask, 1);
	drop();
	rule_is(world_.rule, 8);
	drop();
	ASSERT_EQ(rules().size(), 2U);
	world_.poke(world_.base, world_.layout.chain_genmask, 0);
	rule_is(world_.rule, 9);
	drop();
	ASSERT_EQ(rules().size(), 3U);
	world_.poke(world_.base, world_.layout.chain_handle, kChain + 1);
	drop(world_.rule, kContinue);
	ASSERT_EQ(rules().size(), 4U);
	EXPECT_EQ(rules()[3].key.culprit, (kChain + 1) << 8 | ND_CAUSE_POLICY);
}

TEST_P(FlowWorld, WithoutCookieOrGenerationNothingIsKept) {
	world_.layout.net_cookie = {};
	drop();
	EXPECT_EQ(rules()[0].key.netns, 4026531840U);
	rule_is(world_.rule, 8);
	drop();
	EXPECT_EQ(rules().size(), 2U);
}

TEST_P(FlowWorld, AFlowWithoutRoomIsInItsRulesSum) {
	entries_ = 2;
	for (unsigned port = 1; port <= 10; port++) {
		shown(0x0800, ip(17, ports(1, port)));
		drop();
		drop();
	}
	ASSERT_EQ(rules().size(), 1U);
	EXPECT_EQ(rules()[0].sum.packets, 20U);
	ASSERT_LE(entries().size(), 2U);
	for (const nd_flow &flow : entries())
		EXPECT_EQ(flow.sum.packets, 2U);
}

TEST_P(FlowWorld, ARuleWithoutRoomIsUnlisted) {
	rules_ = 2;
	for (uint64_t handle = 1; handle <= 5; handle++) {
		rule_is(world_.rule, handle);
		world_.poke(world_.pernet, world_.layout.pernet_base_seq, 100 + handle);
		world_.kernel.time_ns = handle;
		drop();
	}
	EXPECT_EQ(rules().size(), 2U);
	EXPECT_EQ(flows().region(0).unlisted.packets, 3U);
	EXPECT_EQ(flows().region(0).unlisted.bytes, 84U);
	EXPECT_EQ(flows().region(0).unlisted.first_ns, 3U);
	EXPECT_EQ(flows().region(0).unlisted.last_ns, 5U);
}

TEST_P(FlowWorld, ANestedDropIsCountedApartAndHarmsNothing) {
	drop();
	for (int i = 0; i < 3; i++) {
		flows().interrupt = [this] {
			shown(0x0800, ip(6, ports(1, 80)));
			drop();
			shown(0x0800, ip(17, ports(1, 53)));
		};
		drop();
	}
	EXPECT_EQ(flows().region(0).nested, 3U);
	EXPECT_EQ(flows().region(0).busy, 0U);
	EXPECT_EQ(rules()[0].sum.packets, 4U);
	ASSERT_EQ(entries().size(), 1U);
	EXPECT_EQ(entries()[0].sum.packets, 4U);
}

// The epoch is raised between the two: they write to different halves.
TEST_P(FlowWorld, ANestedDropOfTheNextEpochIsCountedThere) {
	flows().interrupt = [this] {
		flows().control.epoch++;
		drop();
		flows().control.epoch--;
	};
	drop();
	EXPECT_EQ(rules()[0].sum.packets, 1U);
	EXPECT_EQ(entries()[0].sum.packets, 1U);
	flows().control.epoch++;
	ASSERT_EQ(rules().size(), 1U);
	EXPECT_EQ(rules()[0].sum.packets, 1U);
	drop();
	uint64_t sum = 0, of_flows = 0;
	for (const nd_flow_rule &rule : rules())
		sum += rule.sum.packets;
	for (const nd_flow &flow : entries())
		of_flows += flow.sum.packets;
	EXPECT_EQ(sum, 2U);
	EXPECT_EQ(of_flows, 2U);
}

TEST_P(FlowWorld, APacketOfASelfTestIsInNoFigure) {
	flows().ignored[nd_ignored_slot(kCookie)] = kCookie;
	drop();
	drop();
	EXPECT_EQ(rules().size(), 0U);
	EXPECT_EQ(flows().region(0).unlisted.packets, 0U);
	world_.poke(world_.net, world_.layout.net_cookie, kCookie + 1);
	drop();
	EXPECT_EQ(rules().size(), 1U);
}

TEST_P(FlowWorld, EpochZeroCountsNothing) {
	flows().control.epoch = 0;
	drop();
	for (const nd_flow_region &region : flows().regions)
		EXPECT_EQ(region.rules, 0U);
}

// Thousands of drops by many rules and flows on two processors, over many epochs: the sums of all epochs are what was
// dropped, by rule exactly, and no flow has more.
TEST_P(FlowWorld, NothingIsMissing) {
	std::mt19937 random(GetParam() == Reads::kLoads ? 1 : 2);
	rules_ = 32;
	entries_ = 32;
	std::map<uint64_t, uint64_t> dropped, counted, dropped_bytes, counted_bytes;
	std::map<std::pair<uint64_t, unsigned>, uint64_t> by_flow, counted_flow;
	uint64_t unlisted = 0;
	const auto read = [&] {
		for (uint32_t cpu = 0; cpu < NativeFlows::kProcessors; cpu++) {
			for (const nd_flow_rule &rule : rules(cpu)) {
				counted[rule.key.culprit >> 8] += rule.sum.packets;
				counted_bytes[rule.key.culprit >> 8] += rule.sum.bytes;
			}
			for (const nd_flow &flow : entries(cpu))
				counted_flow[{rules(cpu)[flow.key.rule].key.culprit >> 8, flow.key.port}] +=
				        flow.sum.packets;
			unlisted += flows().region(cpu).unlisted.packets;
		}
		flows().next_epoch();
	};
	const int drops = GetParam() == Reads::kLoads ? 5'000 : 30'000;
	for (int i = 0; i < drops; i++) {
		const uint64_t handle = 1 + random() % 20;
		const unsigned port = 1 + random() % 4;
		// Each rule has its address, for as long as the generation is the same.
		const uint64_t at = world_.rule + 8 * (handle % 2);
		rule_is(at, handle);
		world_.poke(world_.pernet, world_.layout.pernet_base_seq, 1 + handle / 2);
		world_.kernel.cpu = random() % NativeFlows::kProcessors;
		const std::string payload = ports(1, port) + std::string(random() % 50, 'x');
		shown(0x0800, ip(17, payload));
		drop(at);
		dropped[handle]++;
		dropped_bytes[handle] += 20 + payload.size();
		by_flow[{handle, port}]++;
		if (random() % 500 == 0) read();
	}
	read();
	EXPECT_EQ(unlisted, 0U);
	EXPECT_EQ(counted, dropped);
	EXPECT_EQ(counted_bytes, dropped_bytes);
	EXPECT_GT(counted_flow.size(), 70U);
	for (const auto &[flow, packets] : counted_flow)
		EXPECT_LE(packets, by_flow[flow]);
}

// ip proto 17, as libpcap compiles it for DLT_RAW.
jit::Filter only_udp() {
	constexpr uint16_t kLoadByte = 0x30, kEqual = 0x15, kReturn = 0x06;
	constexpr uint32_t kProtocol = 9;
	jit::Filter filter;
	filter.pcap = {{kLoadByte, 0, 0, kProtocol}, {kEqual, 0, 1, 17}, {kReturn, 0, 0, 1}, {kReturn, 0, 0, 0}};
	return filter;
}

TEST_P(FlowWorld, TheFilterDecidesWhatIsSummedUp) {
	filter_ = only_udp();
	drop();
	shown(0x0800, ip(6, ports(5353, 53)));
	drop();
	drop();
	ASSERT_EQ(rules().size(), 1U);
	EXPECT_EQ(rules()[0].sum.packets, 1U);
	ASSERT_EQ(entries().size(), 1U);
	EXPECT_EQ(entries()[0].key.protocol, 17U);
	EXPECT_EQ(flows().region(0).seen, 3U);
	EXPECT_EQ(flows().region(0).undecided, 0U);
}

TEST_P(FlowWorld, WhatTheFilterCannotDecideIsCountedApart) {
	filter_ = only_udp();
	// The byte that decides is in a page fragment that cannot be read: this made-up kernel has none.
	shown(0x0800, ip(17, ports(5353, 53)), 4);
	drop();
	EXPECT_EQ(rules().size(), 0U);
	EXPECT_EQ(flows().region(0).seen, 1U);
	EXPECT_EQ(flows().region(0).undecided, 1U);
}

TEST_P(FlowWorld, AFilterIsNotAskedAboutPacketsOfASelfTest) {
	filter_ = only_udp();
	flows().ignored[nd_ignored_slot(kCookie)] = kCookie;
	drop();
	EXPECT_EQ(rules().size(), 0U);
	EXPECT_EQ(flows().region(0).seen, 0U);
}

TEST_P(FlowWorld, WithoutAFilterNothingIsSaidOfOne) {
	drop();
	EXPECT_EQ(flows().region(0).seen, 0U);
}

TEST_P(FlowWorld, OneNetworkNamespace) {
	flows().control.netns = 4026531840;
	drop();
	EXPECT_EQ(rules().size(), 1U);
	flows().next_epoch();
	flows().control.netns = 4026531841;
	drop();
	EXPECT_EQ(rules().size(), 0U);
}

} // namespace
} // namespace nft_drops::jit_test
