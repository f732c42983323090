// SPDX-License-Identifier: GPL-2.0-only
// What a filter is told of a packet that other code than nf_tables freed (bpf/freed.h), run by this process on packets
// in its own memory.
#include "native_code.h"

#include "bpf/objects.h"

#include <gtest/gtest.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/Module.h>

#include <cstddef>
#include <cstring>
#include <vector>

namespace nft_drops::jit_test {
namespace {

using namespace jit;

constexpr const char *kMaps[] = {"nd_events", "nd_here", "nd_in_hand", "nd_netfilter", "nd_ignored"};

long read_own_memory(void *to, uint32_t size, const void *from) {
	memcpy(to, from, size);
	return 0;
}
uint64_t nothing() {
	return 0;
}

struct Device {
	uint32_t index;
};
struct Route {
	Device *dev;
};
// The members of an sk_buff, where layout_here() says.
struct Skb {
	const uint8_t *head, *data;
	Route *dst;
	uint32_t len, data_len, iif;
	uint16_t network, mac, protocol;
	uint8_t vlan;
};

#define FIELD(structure, member)                                                                                       \
	nd_field {                                                                                                     \
		.offset = offsetof(structure, member), .size = sizeof(structure::member), .shift = 0, .bits = 0,       \
		.pad = {}                                                                                              \
	}

nd_layout layout_here() {
	nd_layout l{};
	l.skb_head = FIELD(Skb, head);
	l.skb_data = FIELD(Skb, data);
	l.skb_dst = FIELD(Skb, dst);
	l.skb_len = FIELD(Skb, len);
	l.skb_data_len = FIELD(Skb, data_len);
	l.skb_network_header = FIELD(Skb, network);
	l.skb_mac_header = FIELD(Skb, mac);
	l.skb_protocol = FIELD(Skb, protocol);
	l.skb_vlan_present = FIELD(Skb, vlan);
	l.dst_dev = FIELD(Route, dev);
	l.dev_ifindex = FIELD(Device, index);
	l.match.skb_iif = FIELD(Skb, iif);
	return l;
}

MatchProgram mark_of(uint8_t value) {
	return {MatchPayload{NFT_PAYLOAD_NETWORK_HEADER, 1, 1, 0}, MatchCompare{0, NFT_CMP_EQ, {value}}};
}

class Freed : public testing::Test {
protected:
	// The second byte of the packet tells which family's rule took it.
	Freed(const Filter &filter = {{{NFPROTO_INET, mark_of(1)},
	                               {NFPROTO_IPV4, mark_of(2)},
	                               {NFPROTO_NETDEV, mark_of(5)},
	                               {NFPROTO_ARP, mark_of(3)}},
	                              {}})
	    : layout_(layout_here()),
	      code_({.shape = bpf::probe_bitcode(layout_, settings_with_filter()),
	             .layout = layout_,
	             .sites = {},
	             .maps = kMaps,
	             .helper = [](uint64_t n) { return n == 113 ? address_of(read_own_memory) : address_of(nothing); },
	             .prepare =
	                     [](llvm::Module &m) {
		                     for (const char *name : {"nd_match", "fill_freed_subject"})
			                     m.getFunction(name)->setLinkage(llvm::GlobalValue::ExternalLinkage);
		                     auto *watched = m.getNamedGlobal("nd_watched");
		                     watched->setInitializer(llvm::Constant::getNullValue(watched->getValueType()));
	                     },
	             .filter = filter,
	             .settings = settings_with_filter(2)}) {}

	// The packet from its network header on, behind 14 bytes of a link header.
	uint32_t fill(std::vector<uint8_t> packet, uint16_t protocol, size_t in_fragments = 0) {
		bytes_.assign(14, 0);
		bytes_.insert(bytes_.end(), packet.begin(), packet.end());
		skb_.head = bytes_.data();
		skb_.data = bytes_.data() + 14;
		skb_.len = static_cast<uint32_t>(packet.size());
		skb_.data_len = static_cast<uint32_t>(in_fragments);
		skb_.network = 14;
		skb_.mac = 0;
		skb_.protocol = static_cast<uint16_t>(protocol << 8 | protocol >> 8);
		const auto fill = reinterpret_cast<uint32_t (*)(nd_subject *, uint64_t, uint64_t)>(
		        code_.address("fill_freed_subject"));
		return fill(&subject_, reinterpret_cast<uint64_t>(&skb_), reinterpret_cast<uint64_t>(dev_));
	}
	int match(uint32_t family) {
		return reinterpret_cast<int (*)(nd_subject *, uint64_t)>(code_.address("nd_match"))(&subject_, family);
	}

	nd_layout layout_;
	NativeCode code_;
	std::vector<uint8_t> bytes_;
	Skb skb_{};
	Device *dev_ = nullptr;
	nd_subject subject_{};
};

std::vector<uint8_t> ip4(uint8_t first, uint16_t length, uint16_t fragment, uint8_t protocol, size_t size) {
	std::vector<uint8_t> p(size);
	p[0] = first;
	p[2] = static_cast<uint8_t>(length >> 8);
	p[3] = static_cast<uint8_t>(length);
	p[6] = static_cast<uint8_t>(fragment >> 8);
	p[7] = static_cast<uint8_t>(fragment);
	p[9] = protocol;
	return p;
}

TEST_F(Freed, TransportOfIpv4) {
	EXPECT_EQ(fill(ip4(0x46, 44, 0x4000, 6, 44), 0x0800), ND_MATCH_FREED + NFPROTO_IPV4);
	EXPECT_EQ(subject_.flags & ~ND_MATCH_OUT_UNKNOWN, ND_MATCH_L4);
	EXPECT_EQ(subject_.protocol, 6U);
	EXPECT_EQ(subject_.transport, 24U);
	EXPECT_EQ(subject_.fragment, 0U);
	fill(ip4(0x45, 40, 0x2005, 17, 40), 0x0800);
	EXPECT_EQ(subject_.fragment, 5U);
	for (const auto &broken : {ip4(0x44, 40, 0, 6, 40), ip4(0x65, 40, 0, 6, 40), ip4(0x45, 41, 0, 6, 40),
	                           ip4(0x46, 20, 0, 6, 40), ip4(0x45, 20, 0, 6, 19)}) {
		fill(broken, 0x0800);
		EXPECT_EQ(subject_.flags & ND_MATCH_L4, 0U);
		EXPECT_EQ(subject_.flags & ND_MATCH_L4_UNKNOWN, 0U);
	}
	fill(ip4(0x45, 40, 0, 6, 40), 0x0800, 40);
	EXPECT_EQ(subject_.flags & (ND_MATCH_L4 | ND_MATCH_L4_UNKNOWN), unsigned{ND_MATCH_L4_UNKNOWN});
}

std::vector<uint8_t> ip6(uint8_t next, const std::vector<std::vector<uint8_t>> &headers) {
	std::vector<uint8_t> p(40);
	p[0] = 0x60;
	p[6] = next;
	for (const auto &header : headers)
		p.insert(p.end(), header.begin(), header.end());
	return p;
}

TEST_F(Freed, TransportOfIpv6) {
	const std::vector<uint8_t> tcp(20), udp_behind{17, 0, 1, 4, 0, 0, 0, 0}, frag_behind{44, 0, 1, 4, 0, 0, 0, 0},
	        auth{6, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
	        first{17, 0, 0, 1, 0, 0, 0, 9}, later{17, 0, 0, 9, 0, 0, 0, 9}, later_of_hop{0, 0, 0, 9, 0, 0, 0, 9};
	EXPECT_EQ(fill(ip6(6, {tcp}), 0x86dd), ND_MATCH_FREED + NFPROTO_IPV6);
	EXPECT_EQ(subject_.protocol, 6U);
	EXPECT_EQ(subject_.transport, 40U);
	fill(ip6(0, {udp_behind, tcp}), 0x86dd);
	EXPECT_EQ(subject_.protocol, 17U);
	EXPECT_EQ(subject_.transport, 48U);
	fill(ip6(51, {auth, tcp}), 0x86dd);
	EXPECT_EQ(subject_.protocol, 6U);
	EXPECT_EQ(subject_.transport, 64U);
	fill(ip6(0, {frag_behind, first, tcp}), 0x86dd);
	EXPECT_EQ(subject_.protocol, 17U);
	EXPECT_EQ(subject_.transport, 56U);
	EXPECT_EQ(subject_.fragment, 0U);
	fill(ip6(44, {later, tcp}), 0x86dd);
	EXPECT_EQ(subject_.protocol, 17U);
	EXPECT_EQ(subject_.fragment, 8U);
	fill(ip6(44, {later_of_hop, tcp}), 0x86dd);
	EXPECT_EQ(subject_.flags & ND_MATCH_L4, 0U) << "ipv6_find_hdr(): -ENOENT";
	fill(ip6(0, {{6}}), 0x86dd);
	EXPECT_EQ(subject_.flags & (ND_MATCH_L4 | ND_MATCH_L4_UNKNOWN), 0U) << "cut off";
	fill(ip6(0, {udp_behind, tcp}), 0x86dd, 28);
	EXPECT_EQ(subject_.flags & (ND_MATCH_L4 | ND_MATCH_L4_UNKNOWN), unsigned{ND_MATCH_L4_UNKNOWN});
}

TEST_F(Freed, Devices) {
	Device in{3}, out{4};
	Route to_out{&out}, to_in{&in};
	enum { kKnown = 0, kIn = ND_MATCH_IN_UNKNOWN, kOut = ND_MATCH_OUT_UNKNOWN };
	const struct {
		uint32_t came_in;
		Device *dev;
		Route *dst;
		unsigned unknown;
		Device *in, *out;
	} cases[] = {
	        {3, &in, nullptr, kKnown, &in, nullptr},       // prerouting, ingress
	        {3, &in, &to_out, kOut, &in, nullptr},         // input or forward
	        {3, &out, &to_out, kIn | kOut, &out, nullptr}, // postrouting
	        {3, nullptr, nullptr, kIn | kOut, nullptr, nullptr},
	        {0, nullptr, &to_out, kKnown, nullptr, &out}, // output
	        {0, &out, &to_out, kIn, nullptr, &out},       // postrouting, output of IPv6
	        {0, &out, &to_in, kIn | kOut, nullptr, &in},  // a bridge's port
	        {0, &out, nullptr, kKnown, nullptr, &out},    // ARP on its way out
	};
	for (const auto &c : cases) {
		skb_.iif = c.came_in;
		skb_.dst = c.dst;
		dev_ = c.dev;
		fill(ip4(0x45, 40, 0, 6, 40), 0x0800);
		const size_t at = static_cast<size_t>(&c - cases);
		EXPECT_EQ(subject_.flags & (kIn | kOut), c.unknown) << at;
		if (!(c.unknown & kIn)) {
			EXPECT_EQ(subject_.in, reinterpret_cast<uint64_t>(c.in)) << at;
		}
		if (!(c.unknown & kOut)) {
			EXPECT_EQ(subject_.out, reinterpret_cast<uint64_t>(c.out)) << at;
		}
	}
}

TEST_F(Freed, ThePacketsOwnFamilyComesFirst) {
	auto packet = ip4(0x45, 40, 0, 6, 40);
	packet[1] = 2;
	EXPECT_EQ(match(fill(packet, 0x0800)), ND_MATCHED_YES) << "ip";
	packet[1] = 1;
	EXPECT_EQ(match(fill(packet, 0x0800)), ND_MATCHED_NO) << "not inet";
	auto six = ip6(6, {std::vector<uint8_t>(20)});
	six[1] = 5;
	EXPECT_EQ(match(fill(six, 0x86dd)), ND_MATCHED_YES) << "netdev: there is none of ip6";
	std::vector<uint8_t> arp(28);
	arp[1] = 3;
	EXPECT_EQ(match(fill(arp, 0x0806)), ND_MATCHED_YES);
	arp[1] = 5;
	EXPECT_EQ(match(fill(arp, 0x88cc)), ND_MATCHED_YES) << "a protocol without tables";
}

} // namespace
} // namespace nft_drops::jit_test
