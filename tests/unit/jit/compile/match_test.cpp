// SPDX-License-Identifier: GPL-2.0-only
// What jit/compile makes of filters, run by this process on packets in its own memory: against an interpreter of
// nf_tables' expressions that is written here, and against libpcap's bpf_filter(). The file has more than 500 lines
// because all tests share this interpreter.
#include <netinet/in.h> // before the kernel's headers, which else define the same

#include "match_stream.h"
#include "native_code.h"

#include "bpf/objects.h"
#include "jit/compile/match.h"

#include <gtest/gtest.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/Module.h>
#include <pcap/pcap.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <random>

namespace nft_drops::jit_test {
namespace {

using namespace jit;

constexpr const char *kMaps[] = {"nd_events", "nd_here"};

long read_own_memory(void *to, uint32_t size, const void *from) {
	memcpy(to, from, size);
	return 0;
}
long read_own_string(char *to, uint32_t size, const char *from) {
	strncpy(to, from, size);
	to[size - 1] = 0;
	return static_cast<long>(strlen(to)) + 1;
}
uint64_t nothing() {
	return 0;
}

uint64_t helper(uint64_t number) {
	return number == 113   ? address_of(read_own_memory)
	       : number == 115 ? address_of(read_own_string)
	                       : address_of(nothing);
}

nd_field plain(uint16_t offset, uint8_t size) {
	return {.offset = offset, .size = size, .shift = 0, .bits = 0, .pad = {}};
}

// A packet and what is around it, as the kernel would have them.
struct Packet {
	explicit Packet(const guest::Frame &frame) : bytes(frame) {
		const uint16_t type = static_cast<uint16_t>(frame[12] | frame[13] << 8);
		put(skb_protocol, type);
		subject.skb = reinterpret_cast<uint64_t>(skb);
		subject.state = reinterpret_cast<uint64_t>(state);
		subject.head = reinterpret_cast<uint64_t>(bytes.data());
		subject.data = subject.network = kLink;
		subject.length = subject.linear = static_cast<uint32_t>(bytes.size()) - kLink;
	}
	static constexpr uint32_t kLink = 14;
	static constexpr nd_field skb_protocol{.offset = 8, .size = 2, .shift = 0, .bits = 0, .pad = {}};
	void put(const nd_field &f, uint64_t value) { memcpy(skb + f.offset, &value, f.size); }
	guest::Frame bytes;
	alignas(8) uint8_t skb[64]{};
	alignas(8) uint8_t state[64]{};
	nd_subject subject{};
};

nd_layout layout_here() {
	nd_layout l{};
	l.skb_protocol = Packet::skb_protocol;
	l.skb_vlan_present = plain(16, 1);
	l.skb_vlan_proto = plain(18, 2);
	l.skb_vlan_tci = plain(20, 2);
	l.match.skb_mark = plain(24, 4);
	l.match.skb_nfct = plain(32, 8);
	l.match.pkt_flags = l.match.pkt_tprot = l.match.pkt_fragoff = l.match.pkt_thoff = plain(0, 1);
	return l;
}

class Compiled {
public:
	explicit Compiled(const Filter &filter, const nd_layout &layout = layout_here())
	    : layout_(layout),
	      code_({.shape = bpf::probe_bitcode(layout_, settings_with_filter()),
	             .layout = layout_,
	             .sites = {},
	             .maps = kMaps,
	             .helper = helper,
	             .prepare =
	                     [](llvm::Module &m) {
		                     m.getFunction("nd_match")->setLinkage(llvm::GlobalValue::ExternalLinkage);
		                     auto *watched = m.getNamedGlobal("nd_watched");
		                     watched->setInitializer(llvm::Constant::getNullValue(watched->getValueType()));
	                     },
	             .filter = filter}),
	      match_(reinterpret_cast<int (*)(nd_subject *, uint64_t)>(code_.address("nd_match"))) {
		EXPECT_TRUE(check_filter(filter, layout_));
	}
	int operator()(Packet &p, uint32_t family = NFPROTO_INET) const { return match_(&p.subject, family); }

private:
	nd_layout layout_;
	NativeCode code_;
	int (*match_)(nd_subject *, uint64_t);
};

Filter rule(MatchProgram program) {
	return {{{NFPROTO_INET, std::move(program)}}, {}};
}

// nf_tables' own way: registers are bytes, comparisons are memcmp().
class Interpreter {
public:
	Interpreter(const MatchProgram &program, const Packet &p) : packet_(p) {
		for (const MatchOperation &op : program) {
			std::visit([this](const auto &inner) { run(inner); }, op);
			if (!matched) return;
		}
	}
	bool matched = true;

private:
	uint8_t *at(uint32_t reg) { return registers_ + reg * 4; }
	void run(const MatchPayload &op) {
		const auto from = (op.base == NFT_PAYLOAD_LL_HEADER ? 0 : Packet::kLink) + op.offset;
		if (from + op.length > packet_.bytes.size()) {
			matched = false;
			return;
		}
		memset(at(op.to) + (op.length - 1) / 4 * 4, 0, 4);
		memcpy(at(op.to), packet_.bytes.data() + from, op.length);
	}
	void run(const MatchMeta &) {}
	void run(const MatchCt &) {}
	void run(const MatchExthdr &) {}
	void run(const MatchCompare &op) {
		const int order = memcmp(at(op.from), op.value.data(), op.value.size());
		const bool holds[] = {order == 0, order != 0, order < 0, order <= 0, order > 0, order >= 0};
		matched = holds[op.op];
	}
	void run(const MatchRange &op) {
		const size_t n = op.lower.size();
		matched = (memcmp(at(op.from), op.lower.data(), n) >= 0 &&
		           memcmp(at(op.from), op.upper.data(), n) <= 0) != op.outside;
	}
	void run(const MatchBitwise &op) {
		if (op.kind == MatchBitwise::Kind::kMask) {
			for (uint32_t i = 0; i < op.length; i++)
				at(op.to)[i] = (at(op.from)[i] & op.mask[i]) ^ op.flip[i];
			return;
		}
		// One number of 64 bits: its higher half is in the first register.
		uint32_t words[2];
		memcpy(words, at(op.from), 8);
		uint64_t n = uint64_t{words[0]} << 32 | words[1];
		n = op.kind == MatchBitwise::Kind::kShiftLeft ? n << op.shift : n >> op.shift;
		words[0] = static_cast<uint32_t>(n >> 32);
		words[1] = static_cast<uint32_t>(n);
		memcpy(at(op.to), words, 8);
	}
	void run(const MatchByteorder &op) {
		uint8_t turned[64];
		for (uint32_t i = 0; i < op.length; i += op.size)
			std::reverse_copy(at(op.from) + i, at(op.from) + i + op.size, turned + i);
		memcpy(at(op.to), turned, op.length);
	}
	void run(const MatchLookup &op) {
		bool found = false;
		for (const auto &element : op.elements) {
			bool all = true;
			uint32_t reg = op.from;
			for (const auto &[lower, upper] : element) {
				all &= memcmp(at(reg), lower.data(), lower.size()) >= 0 &&
				       memcmp(at(reg), upper.data(), upper.size()) <= 0;
				reg += static_cast<uint32_t>((lower.size() + 3) / 4);
			}
			found |= all;
		}
		matched = found != op.outside;
	}
	const Packet &packet_;
	alignas(8) uint8_t registers_[64]{};
};

class Random {
public:
	explicit Random(unsigned seed) : random_(seed) {}
	uint32_t below(uint32_t n) { return random_() % n; }
	// Few values, so that equal ones meet.
	MatchBytes bytes(size_t n) {
		MatchBytes b(n);
		for (uint8_t &byte : b)
			byte = std::array<uint8_t, 6>{0, 1, 2, 0x7f, 0x80, 0xff}[below(6)];
		return b;
	}
	MatchProgram program() {
		MatchProgram p;
		const uint32_t length = 1 + below(16);
		p.push_back(
		        MatchPayload{below(2) ? uint32_t{NFT_PAYLOAD_LL_HEADER} : uint32_t{NFT_PAYLOAD_NETWORK_HEADER},
		                     below(30), length, 0});
		if (below(3) == 0) p.push_back(mask(length));
		if (below(4) == 0)
			p.push_back(MatchBitwise{0,
			                         0,
			                         8,
			                         below(2) ? MatchBitwise::Kind::kShiftLeft
			                                  : MatchBitwise::Kind::kShiftRight,
			                         {},
			                         {},
			                         1 + below(31)});
		if (below(4) == 0) p.push_back(MatchByteorder{0, 0, 4, 2 + 2 * below(2)});
		if (below(4) == 0) p.push_back(MatchByteorder{0, 0, 8, 8});
		switch (below(3)) {
		case 0:
			p.push_back(MatchCompare{0, below(6), bytes(length)});
			break;
		case 1: {
			MatchBytes a = bytes(length), b = bytes(length);
			p.push_back(MatchRange{0, below(2) != 0, std::min(a, b), std::max(a, b)});
			break;
		}
		default:
			p.push_back(lookup(length));
			break;
		}
		return p;
	}

private:
	MatchBitwise mask(uint32_t length) {
		return {0, 0, length, MatchBitwise::Kind::kMask, bytes(length), bytes(length), 0};
	}
	MatchLookup lookup(uint32_t length) {
		MatchLookup l{0, below(2) != 0, {}};
		const bool two = length > 4;
		for (uint32_t n = below(5); n > 0; n--) {
			std::vector<MatchLookup::Field> fields;
			for (const uint32_t size : {two ? 1 + below(4) : length, two ? length - 4 : 0}) {
				if (!size) continue;
				MatchBytes a = bytes(size), b = below(2) ? a : bytes(size);
				fields.push_back({std::min(a, b), std::max(a, b)});
			}
			l.elements.push_back(fields);
		}
		return l;
	}
	std::minstd_rand random_;
};

TEST(MatchCompiled, IsWhatNfTablesWouldDo) {
	Random random(1);
	size_t yes = 0, no = 0;
	for (int i = 0; i < 150; i++) {
		const MatchProgram program = random.program();
		const Compiled match(rule(program));
		for (int n = 0; n < 200; n++) {
			Packet p(random.bytes(14 + random.below(50)));
			p.subject.mac = 0;
			const bool expected = Interpreter(program, p).matched;
			ASSERT_EQ(match(p), expected ? ND_MATCHED_YES : ND_MATCHED_NO) << i << " " << n;
			(expected ? yes : no)++;
		}
	}
	EXPECT_GT(yes, 2000U);
	EXPECT_GT(no, 2000U);
}

TEST(MatchCompiled, OnlyFamiliesThatTakeIt) {
	const Compiled match(rule({MatchMeta{NFT_META_MARK, 0}, MatchCompare{0, NFT_CMP_EQ, {1, 0, 0, 0}}}));
	Packet p(guest::Frame(60, 0));
	p.put(plain(24, 4), 1);
	EXPECT_EQ(match(p, NFPROTO_INET), ND_MATCHED_YES);
	EXPECT_EQ(match(p, NFPROTO_ARP), ND_MATCHED_NO);
	p.put(plain(24, 4), 2);
	EXPECT_EQ(match(p, NFPROTO_INET), ND_MATCHED_NO);
}

MatchProgram port_22() {
	return {MatchPayload{NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, 0}, MatchCompare{0, NFT_CMP_EQ, {0, 22}}};
}

TEST(MatchCompiled, TransportIsWhereThePacketsOwnStateSays) {
	const Compiled match(rule(port_22()));
	Packet p(guest::Frame(60, 0));
	p.bytes[14 + 24 + 3] = 22;
	p.subject.transport = 24;
	EXPECT_EQ(match(p), ND_MATCHED_NO) << "no transport header";
	p.subject.flags = ND_MATCH_L4;
	EXPECT_EQ(match(p), ND_MATCHED_YES);
	p.subject.fragment = 8;
	EXPECT_EQ(match(p), ND_MATCHED_NO) << "a later fragment has no ports";
	p.subject.fragment = 0;
	p.subject.length = p.subject.linear = 27;
	EXPECT_EQ(match(p), ND_MATCHED_NO) << "cut off in front of the port's end";
}

// `udp dport 22`, as nft makes it: the protocol first, and one function asks for both.
TEST(MatchCompiled, ProtocolAndTransport) {
	MatchProgram program{MatchMeta{NFT_META_L4PROTO, 0}, MatchCompare{0, NFT_CMP_EQ, {IPPROTO_UDP}}};
	for (const auto &op : port_22())
		program.push_back(op);
	MatchProgram unequal = program;
	std::get<MatchCompare>(unequal[1]).op = NFT_CMP_NEQ;
	const Compiled udp(rule(program)), other(rule(unequal));
	Packet p(guest::Frame(60, 0));
	p.bytes[14 + 24 + 3] = 22;
	p.subject.transport = 24;
	p.subject.protocol = IPPROTO_UDP;
	EXPECT_EQ(udp(p), ND_MATCHED_NO) << "no transport header";
	p.subject.flags = ND_MATCH_L4;
	EXPECT_EQ(udp(p), ND_MATCHED_YES);
	EXPECT_EQ(other(p), ND_MATCHED_NO);
	p.subject.protocol = IPPROTO_TCP;
	EXPECT_EQ(udp(p), ND_MATCHED_NO);
	EXPECT_EQ(other(p), ND_MATCHED_YES);
	p.subject.linear = 20;
	EXPECT_EQ(udp(p), ND_MATCHED_NO) << "the protocol is known";
	p.subject.protocol = IPPROTO_UDP;
	EXPECT_EQ(udp(p), ND_MATCHED_UNDECIDED);
	p.bytes[14 + 24 + 3] = 23;
	p.subject.linear = p.subject.length;
	EXPECT_EQ(udp(p), ND_MATCHED_NO);
}

TEST(MatchCompiled, WhatCannotBeReadIsUndecided) {
	const Compiled match(rule(port_22()));
	Packet p(guest::Frame(60, 0));
	p.subject.flags = ND_MATCH_L4;
	p.subject.transport = 20;
	p.subject.linear = 20; // the ports are in page fragments, of which this layout knows nothing
	EXPECT_EQ(match(p), ND_MATCHED_UNDECIDED);
	// What was decided before needs no port.
	MatchProgram both{MatchMeta{NFT_META_MARK, 0}, MatchCompare{0, NFT_CMP_EQ, {1, 0, 0, 0}}};
	for (const auto &op : port_22())
		both.push_back(op);
	EXPECT_EQ(Compiled(rule(both))(p), ND_MATCHED_NO);
}

TEST(MatchCompiled, ATagBesideThePacketIsWhereItWasOnTheWire) {
	const Compiled id(rule({MatchPayload{NFT_PAYLOAD_LL_HEADER, 12, 2, 0}, MatchCompare{0, NFT_CMP_EQ, {0x81, 0}},
	                        MatchPayload{NFT_PAYLOAD_LL_HEADER, 14, 2, 0},
	                        MatchBitwise{0, 0, 2, MatchBitwise::Kind::kMask, {0x0f, 0xff}, {0, 0}, 0},
	                        MatchCompare{0, NFT_CMP_EQ, {0, 5}}, MatchPayload{NFT_PAYLOAD_LL_HEADER, 16, 2, 0},
	                        MatchCompare{0, NFT_CMP_EQ, {8, 0}}}));
	guest::Frame f(60, 0);
	f[12] = 8;
	Packet p(f);
	EXPECT_EQ(id(p), ND_MATCHED_NO);
	p.put(plain(16, 1), 1);
	p.put(plain(18, 2), 0x0081);
	p.put(plain(20, 2), 0x6005);
	EXPECT_EQ(id(p), ND_MATCHED_YES);
	p.put(plain(20, 2), 0x6006);
	EXPECT_EQ(id(p), ND_MATCHED_NO);
	p.subject.mac = ND_MATCH_NO_MAC;
	EXPECT_EQ(id(p), ND_MATCHED_NO);
}

// Where the kernel's rules look behind tags that are bytes of the packet, a MATCH does so, too.
TEST(MatchCompiled, TagsWithinThePacketAreWhereThePacketsOwnStateSays) {
	nd_layout layout = layout_here();
	layout.match.pkt_ethertype = plain(10, 2);
	layout.match.pkt_nhoff = plain(14, 2);
	const Filter filter =
	        rule({MatchMeta{NFT_META_PROTOCOL, 0}, MatchCompare{0, NFT_CMP_EQ, {8, 0}},
	              MatchPayload{NFT_PAYLOAD_NETWORK_HEADER, 12, 4, 0}, MatchCompare{0, NFT_CMP_EQ, {10, 1, 0, 2}}});
	const Compiled behind_tags(filter, layout), at_header(filter);
	guest::Frame f(80, 0);
	f[12] = 0x81; // 802.1Q, then the tag and the protocol of the packet within
	f[16] = 8;
	const uint8_t address[] = {10, 1, 0, 2};
	std::ranges::copy(address, f.begin() + 14 + 4 + 12);
	Packet p(f);
	alignas(8) uint8_t pkt[32]{};
	p.subject.pkt = reinterpret_cast<uint64_t>(pkt);
	EXPECT_EQ(at_header(p), ND_MATCHED_NO);
	const uint16_t ip = 0x0008, tag = 4;
	memcpy(pkt + 10, &ip, sizeof ip);
	EXPECT_EQ(behind_tags(p), ND_MATCHED_NO) << "another place";
	memcpy(pkt + 14, &tag, sizeof tag);
	EXPECT_EQ(behind_tags(p), ND_MATCHED_YES);
	f[14 + 4 + 12] = 11;
	Packet other(f);
	other.subject.pkt = p.subject.pkt;
	EXPECT_EQ(behind_tags(other), ND_MATCHED_NO);
}

// A number of the header's own type, and the header that follows.
TEST(MatchCompiled, ExtensionHeadersAreWalked) {
	const auto present = [](uint32_t type) {
		return Compiled(
		        rule({MatchExthdr{NFT_EXTHDR_OP_IPV6, type, 0, 1, true, 0}, MatchCompare{0, NFT_CMP_EQ, {1}}}));
	};
	const auto hop = present(0), fragment = present(44), routing = present(43);
	size_t hops = 0, fragments = 0, routes = 0;
	for (const guest::Frame &f : guest::mixed_frames(1, 2)) {
		Packet p(f);
		hops += hop(p) == ND_MATCHED_YES;
		fragments += fragment(p) == ND_MATCHED_YES;
		routes += routing(p) == ND_MATCHED_YES;
	}
	EXPECT_EQ(hops, 3U);
	EXPECT_EQ(fragments, 3U);
	EXPECT_EQ(routes, 1U);
}

TEST(MatchCompiled, TcpOptionsAreWalked) {
	const Compiled size(
	        rule({MatchExthdr{NFT_EXTHDR_OP_TCPOPT, 2, 2, 2, false, 0}, MatchCompare{0, NFT_CMP_EQ, {5, 0xb4}}}));
	const Compiled missing(
	        rule({MatchExthdr{NFT_EXTHDR_OP_TCPOPT, 8, 0, 1, true, 0}, MatchCompare{0, NFT_CMP_EQ, {0}}}));
	size_t sizes = 0;
	for (const guest::Frame &f : guest::mixed_frames(1, 2)) {
		Packet p(f);
		if (f[12] != 8 || f[13] != 0 || f[23] != 6) continue;
		p.subject.flags = ND_MATCH_L4;
		p.subject.protocol = 6;
		p.subject.transport = (f[14] & 15U) * 4;
		p.subject.fragment = (f[20] << 8 | f[21]) & 0x1fff;
		sizes += size(p) == ND_MATCHED_YES;
		EXPECT_EQ(missing(p), ND_MATCHED_YES);
	}
	EXPECT_EQ(sizes, 3U);
}

// 40 expressions on the stream that the tests on real kernels send; bpf_filter() is what tcpdump runs.
TEST(MatchCompiled, PcapIsWhatTcpdumpTakes) {
	const char *const expressions[] = {"ip",
	                                   "ip6",
	                                   "tcp",
	                                   "udp",
	                                   "icmp",
	                                   "icmp6",
	                                   "sctp",
	                                   "tcp port 22",
	                                   "udp port 53",
	                                   "port 53",
	                                   "src port 1024",
	                                   "dst port 443",
	                                   "portrange 1-100",
	                                   "tcp portrange 80-443",
	                                   "host 10.1.0.2",
	                                   "src host 10.1.0.3",
	                                   "dst host 10.1.0.1",
	                                   "net 10.0.0.0/8",
	                                   "src net 10.1.0.128/25",
	                                   "not tcp",
	                                   "host 10.1.0.2 and not port 22",
	                                   "tcp or udp",
	                                   "ip proto 47",
	                                   "ip6 proto 0",
	                                   "ip6 host fd01::2",
	                                   "src net fd01::/64",
	                                   "ip6 protochain 6",
	                                   "greater 100",
	                                   "less 60",
	                                   "tcp[tcpflags] & tcp-syn != 0",
	                                   "tcp[13] = 0x12",
	                                   "ip[8] = 1",
	                                   "ip[0] & 0xf > 5",
	                                   "ip[6:2] & 0x1fff != 0",
	                                   "icmp[icmptype] = icmp-echo",
	                                   "icmp[0] = 3 and icmp[28:2] = 22",
	                                   "udp[4:2] > 100",
	                                   "tcp[((tcp[12] & 0xf0) >> 2):4] = 0x00070e15",
	                                   "ip[1] & 0xfc = 0xb8",
	                                   "len > 200 and udp",
	                                   "ip and not (src port 22 or dst port 22)",
	                                   "ip6[6] = 58",
	                                   "(tcp or sctp) and dst net 10.1.0.0/24"};
	pcap_t *dead = pcap_open_dead(DLT_RAW, 65535);
	size_t yes = 0, no = 0;
	for (const char *expression : expressions) {
		bpf_program program{};
		ASSERT_EQ(pcap_compile(dead, &program, expression, 1, PCAP_NETMASK_UNKNOWN), 0)
		        << expression << ": " << pcap_geterr(dead);
		Filter filter;
		for (u_int i = 0; i < program.bf_len; i++) {
			const bpf_insn &one = program.bf_insns[i];
			filter.pcap.push_back({one.code, one.jt, one.jf, one.k});
		}
		if (std::string_view(expression).find("protochain") != std::string_view::npos) {
			// Its program jumps backwards, to which no end is known.
			EXPECT_FALSE(check_filter(filter, layout_here())) << expression;
			pcap_freecode(&program);
			continue;
		}
		const Compiled match(filter);
		for (const guest::Frame &f : guest::mixed_frames(1, 2)) {
			const bool is_ip = (f[12] == 8 && f[13] == 0) || (f[12] == 0x86 && f[13] == 0xdd);
			if (!is_ip) continue;
			Packet p(f);
			const u_int length = static_cast<u_int>(f.size()) - Packet::kLink;
			const bool expected =
			        bpf_filter(program.bf_insns, f.data() + Packet::kLink, length, length) != 0;
			EXPECT_EQ(match(p), expected ? ND_MATCHED_YES : ND_MATCHED_NO) << expression;
			(expected ? yes : no)++;
		}
		pcap_freecode(&program);
	}
	pcap_close(dead);
	EXPECT_GE(std::size(expressions), 40U);
	EXPECT_GT(yes, 200U);
	EXPECT_GT(no, 200U);
}

TEST(MatchCompiled, MatchAndPcapAreBothAsked) {
	Filter both = rule(port_22());
	both.pcap = {{0x06, 0, 0, 0}}; // ret #0
	Packet p(guest::Frame(60, 0));
	p.subject.flags = ND_MATCH_L4;
	p.subject.transport = 20;
	p.bytes[14 + 20 + 3] = 22;
	EXPECT_EQ(Compiled(both)(p), ND_MATCHED_NO);
	both.pcap = {{0x06, 0, 0, 1}};
	const Compiled match(both);
	EXPECT_EQ(match(p), ND_MATCHED_YES);
	p.bytes[14 + 20 + 3] = 23;
	EXPECT_EQ(match(p), ND_MATCHED_NO);
	p.subject.linear = 20;
	EXPECT_EQ(match(p), ND_MATCHED_UNDECIDED);
	both.pcap = {{0x06, 0, 0, 0}};
	EXPECT_EQ(Compiled(both)(p), ND_MATCHED_NO) << "one that says no decides";
}

TEST(Filter, BytesAreAllOfIt) {
	Random random(7);
	for (int i = 0; i < 200; i++) {
		Filter filter = rule(random.program());
		filter.match.push_back(
		        {NFPROTO_ARP, {MatchExthdr{1, 2, 3, 4, true, 5}, MatchCt{1, MatchCt::kNoDirection, 0}}});
		filter.pcap = {{6, 0, 0, random.below(9)}};
		Filter copy;
		ASSERT_TRUE(copy.read(filter.bytes()));
		EXPECT_EQ(copy.bytes(), filter.bytes());
		std::string cut = filter.bytes();
		cut.pop_back();
		EXPECT_FALSE(Filter().read(cut));
	}
}

} // namespace
} // namespace nft_drops::jit_test
