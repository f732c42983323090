// SPDX-License-Identifier: GPL-2.0-only
// Packets and events for tests, byte by byte as the RFCs have them. Addresses, where not given: 10.0.0.2 to 10.0.0.1,
// 2001:db8::2 to 2001:db8::1, 02:00:00:00:00:02 to 02:00:00:00:00:01.
#ifndef NFT_DROPS_TESTS_UNIT_NFT_EXT_SINKS_PACKETS_H
#define NFT_DROPS_TESTS_UNIT_NFT_EXT_SINKS_PACKETS_H

// First: the linux headers then leave out what it defines.
#include <netinet/in.h>

#include "bpf/shared/event.h"
#include "nft-ext/ruleset/index/attribution.h"
#include "nft-ext/sinks/renderer.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nft_drops::test {

using Octets = std::vector<uint8_t>;

Octets operator+(Octets left, const Octets &right);
Octets u16(uint16_t value);
Octets u32(uint32_t value);

struct IpOptions {
	uint16_t id = 0;
	uint16_t frag_off = 0; // the whole field
	Octets options = {};   // a multiple of 4 bytes
};
Octets ip(uint8_t protocol, const Octets &payload, const IpOptions &more = {});
Octets ip6(uint8_t nexthdr, const Octets &payload);
// Hop-by-hop options, destination options: 8 bytes, one PadN option.
Octets ip6_options(uint8_t nexthdr);
Octets ip6_routing(uint8_t nexthdr, uint8_t type);
Octets ip6_frag(uint8_t nexthdr, uint16_t offset, bool more, uint32_t id);
Octets auth(uint8_t nexthdr, uint32_t spi);

Octets tcp(uint16_t sport, uint16_t dport, uint8_t flags);
Octets udp(uint16_t sport, uint16_t dport); // also UDP-Lite
Octets sctp(uint16_t sport, uint16_t dport);
Octets dccp(uint16_t sport, uint16_t dport, uint8_t type);
Octets icmp(uint8_t type, uint8_t code, uint16_t id = 0, uint16_t sequence = 0); // also ICMPv6
Octets igmp(uint8_t type);
Octets esp(uint32_t spi);
Octets arp(uint16_t operation);

Octets ether(uint16_t ethertype);
Octets tag(uint16_t tci, uint16_t ethertype);

// The event of a rule drop with handle 7 in chain input (1) of table inet filter (6), from interface veth0 (2).
// length is the packet's own, l3[] gets what fits. nfproto is that of the hook (nd_event.pf).
nd_event event_of(const Octets &network, uint8_t nfproto);
nd_event ip_event(const Octets &network);
nd_event ip6_event(const Octets &network);
// In table bridge filter, as seen on the bridge's prerouting hook.
nd_event bridge_event(const Octets &link, uint16_t protocol, const Octets &network);
void set_link(nd_event &event, const Octets &link);
template <size_t N> void set_name(char (&field)[N], std::string_view name) {
	for (size_t i = 0; i < N; ++i)
		field[i] = i < name.size() ? name[i] : '\0';
}

std::string words_of(const nd_event &event);

// The attribution of event_of().
Attribution rule_answer(std::string text = "tcp dport 10000 drop");
Attribution policy_answer();

// 2026-11-20 21:40:11.482113 UTC
std::chrono::system_clock::time_point example_time();

// Dropped at example_time().
Drop drop_of(const nd_event &event, Attribution attribution);

// What a new renderer makes of one drop, finish() included.
std::string render(Format format, const Drop &drop);
std::string render(Format format, const nd_event &event, const Attribution &attribution);

} // namespace nft_drops::test

#endif
