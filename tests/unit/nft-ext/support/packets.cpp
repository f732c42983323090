// SPDX-License-Identifier: GPL-2.0-only
#include "packets.h"

#include "nft-ext/packet/packet.h"
#include "nft-ext/packet/words.h"

#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>

#include <algorithm>
#include <cstring>

namespace nft_drops::test {

Octets operator+(Octets left, const Octets &right) {
	left.insert(left.end(), right.begin(), right.end());
	return left;
}

Octets u16(uint16_t value) {
	return {static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value & 0xff)};
}

Octets u32(uint32_t value) {
	return u16(static_cast<uint16_t>(value >> 16)) + u16(static_cast<uint16_t>(value & 0xffff));
}

Octets ip(uint8_t protocol, const Octets &payload, const IpOptions &more) {
	const size_t header = 20 + more.options.size();
	return Octets{static_cast<uint8_t>(0x40 | header / 4), 0} +
	       u16(static_cast<uint16_t>(header + payload.size())) + u16(more.id) + u16(more.frag_off) +
	       Octets{64, protocol, 0, 0} + Octets{10, 0, 0, 2} + Octets{10, 0, 0, 1} + more.options + payload;
}

Octets ip6(uint8_t nexthdr, const Octets &payload) {
	const Octets prefix = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
	return Octets{0x60, 0, 0, 0} + u16(static_cast<uint16_t>(payload.size())) + Octets{nexthdr, 64} + prefix +
	       Octets{2} + prefix + Octets{1} + payload;
}

Octets ip6_options(uint8_t nexthdr) {
	return {nexthdr, 0, 1, 4, 0, 0, 0, 0};
}

Octets ip6_routing(uint8_t nexthdr, uint8_t type) {
	return {nexthdr, 0, type, 0, 0, 0, 0, 0};
}

Octets ip6_frag(uint8_t nexthdr, uint16_t offset, bool more, uint32_t id) {
	return Octets{nexthdr, 0} + u16(static_cast<uint16_t>(offset << 3 | (more ? 1 : 0))) + u32(id);
}

// 12 bytes and an integrity check value of 12: RFC 4302's length counts words minus two.
Octets auth(uint8_t nexthdr, uint32_t spi) {
	return Octets{nexthdr, 4, 0, 0} + u32(spi) + u32(1) + Octets(12);
}

Octets tcp(uint16_t sport, uint16_t dport, uint8_t flags) {
	return u16(sport) + u16(dport) + u32(1) + u32(0) + Octets{0x50, flags, 0xff, 0xff, 0, 0, 0, 0};
}

Octets udp(uint16_t sport, uint16_t dport) {
	return u16(sport) + u16(dport) + u16(8) + u16(0);
}

Octets sctp(uint16_t sport, uint16_t dport) {
	return u16(sport) + u16(dport) + u32(5) + u32(0);
}

Octets dccp(uint16_t sport, uint16_t dport, uint8_t type) {
	return u16(sport) + u16(dport) + Octets{4, 0, 0, 0, static_cast<uint8_t>(type << 1 | 1), 0, 0, 0, 0, 0, 0, 0};
}

Octets icmp(uint8_t type, uint8_t code, uint16_t id, uint16_t sequence) {
	return Octets{type, code, 0, 0} + u16(id) + u16(sequence);
}

Octets igmp(uint8_t type) {
	return Octets{type, 0, 0, 0} + Octets{239, 1, 1, 1};
}

Octets esp(uint32_t spi) {
	return u32(spi) + u32(1);
}

Octets arp(uint16_t operation) {
	return u16(1) + u16(0x0800) + Octets{6, 4} + u16(operation) + Octets{2, 0, 0, 0, 0, 2} + Octets{10, 0, 0, 2} +
	       Octets{0, 0, 0, 0, 0, 0} + Octets{10, 0, 0, 1};
}

Octets ether(uint16_t ethertype) {
	return Octets{2, 0, 0, 0, 0, 1} + Octets{2, 0, 0, 0, 0, 2} + u16(ethertype);
}

Octets tag(uint16_t tci, uint16_t ethertype) {
	return u16(tci) + u16(ethertype);
}

void set_link(nd_event &event, const Octets &link) {
	event.flags |= ND_FLAG_L2;
	event.dev_type = ARPHRD_ETHER;
	event.l2_len = static_cast<nd_u8>(std::min<size_t>(link.size(), ND_L2_BYTES));
	std::copy_n(link.begin(), event.l2_len, event.l2);
}

nd_event event_of(const Octets &network, uint8_t nfproto) {
	nd_event event;
	std::memset(&event, 0, sizeof(event));
	event.family = NFPROTO_INET;
	event.pf = nfproto;
	event.hook = NF_INET_LOCAL_IN;
	event.cause = ND_CAUSE_RULE;
	event.rule_handle = 7;
	event.table_handle = 6;
	event.chain_handle = 1;
	event.netns = 4026531840;
	event.iif = 2;
	event.length = static_cast<nd_u32>(network.size());
	event.l3_len = static_cast<nd_u8>(std::min<size_t>(network.size(), ND_L3_BYTES));
	std::copy_n(network.begin(), event.l3_len, event.l3);
	set_name(event.iifname, "veth0");
	set_name(event.table, "filter");
	set_name(event.base_chain, "input");
	return event;
}

nd_event ip_event(const Octets &network) {
	nd_event event = event_of(network, NFPROTO_IPV4);
	event.protocol = ETH_P_IP;
	return event;
}

nd_event ip6_event(const Octets &network) {
	nd_event event = event_of(network, NFPROTO_IPV6);
	event.protocol = ETH_P_IPV6;
	return event;
}

nd_event bridge_event(const Octets &link, uint16_t protocol, const Octets &network) {
	nd_event event = event_of(network, NFPROTO_BRIDGE);
	event.family = NFPROTO_BRIDGE;
	event.hook = 0;
	event.protocol = protocol;
	set_link(event, link);
	return event;
}

std::string words_of(const nd_event &event) {
	std::string words;
	append_words(words, event, decode(event));
	return words;
}

Attribution rule_answer(std::string text) {
	return {.family = "inet",
	        .table = "filter",
	        .table_handle = 6,
	        .chain = "input",
	        .chain_handle = 1,
	        .base_chain = "input",
	        .text = std::move(text),
	        .known = true};
}

Attribution policy_answer() {
	return rule_answer("type filter hook input priority filter; policy drop;");
}

std::chrono::system_clock::time_point example_time() {
	using namespace std::chrono;
	return sys_days{year{2026} / 11 / 20} + 21h + 40min + 11s + 482113us;
}

Drop drop_of(const nd_event &event, Attribution attribution) {
	Drop drop;
	drop.event = event;
	drop.time = example_time();
	drop.attribution = std::make_shared<const Attribution>(std::move(attribution));
	return drop;
}

std::string render(Format format, const nd_event &event, const Attribution &attribution) {
	return render(format, drop_of(event, attribution));
}

std::string render(Format format, const Drop &drop) {
	std::string out;
	const auto renderer = make_renderer(format);
	renderer->drop(drop, out);
	renderer->finish(out);
	return out;
}

} // namespace nft_drops::test
