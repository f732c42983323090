// SPDX-License-Identifier: GPL-2.0-only
#include "match_stream.h"

#include <algorithm>
#include <cstddef>
#include <initializer_list>

namespace nft_drops::guest {
namespace {

constexpr uint8_t kTcp = 6, kUdp = 17, kIcmp = 1, kIcmp6 = 58, kSctp = 132, kHopByHop = 0, kRouting = 43,
                  kFragment = 44, kDestination = 60;

void append(Frame &to, std::initializer_list<int> bytes) {
	for (const int b : bytes)
		to.push_back(static_cast<uint8_t>(b));
}

void append(Frame &to, const Frame &bytes) {
	to.insert(to.end(), bytes.begin(), bytes.end());
}

Frame filled(std::size_t size) {
	Frame f;
	for (std::size_t i = 0; i < size; i++)
		f.push_back(static_cast<uint8_t>(i * 7));
	return f;
}

Frame tcp(uint16_t from, uint16_t to, uint8_t flags, const Frame &options = {}, std::size_t payload = 0) {
	Frame f;
	append(f, {from >> 8, from, to >> 8, to, 0, 0, 0, 1, 0, 0, 0, 2});
	append(f, {static_cast<int>((5 + options.size() / 4) << 4), flags, 0x20, 0, 0xab, 0xcd, 0, 0});
	append(f, options);
	append(f, filled(payload));
	return f;
}

Frame udp(uint16_t from, uint16_t to, std::size_t payload) {
	const std::size_t length = 8 + payload;
	Frame f;
	append(f, {from >> 8, from, to >> 8, to, static_cast<int>(length >> 8), static_cast<int>(length), 0x12, 0x34});
	append(f, filled(payload));
	return f;
}

Frame sctp(uint16_t from, uint16_t to) {
	Frame f;
	append(f, {from >> 8, from, to >> 8, to, 1, 2, 3, 4, 0, 0, 0, 0, 1, 0, 0, 20});
	append(f, filled(16));
	return f;
}

Frame icmp(uint8_t type, uint8_t code, uint16_t id, uint16_t sequence) {
	Frame f;
	append(f, {type, code, 0, 0, id >> 8, id, sequence >> 8, sequence});
	append(f, filled(16));
	return f;
}

// Of the IPv4 header that begins at `at`.
void set_checksum(Frame &f, std::size_t at) {
	uint32_t sum = 0;
	f[at + 10] = f[at + 11] = 0;
	for (std::size_t i = 0; i < (f[at] & 15U) * 4; i += 2)
		sum += static_cast<uint32_t>(f[at + i] << 8 | f[at + i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~(sum + (sum >> 16));
	f[at + 10] = static_cast<uint8_t>(sum >> 8);
	f[at + 11] = static_cast<uint8_t>(sum);
}

struct Ip4 {
	uint8_t protocol = kTcp;
	uint8_t tos = 0;
	uint16_t fragment = 0; // flags and offset
	uint8_t ttl = 64;
	uint8_t last = 2; // of the source address
	Frame options{};
};

Frame ip4(const Ip4 &h, const Frame &payload) {
	Frame f;
	const std::size_t header = 20 + h.options.size();
	const std::size_t length = header + payload.size();
	append(f, {static_cast<int>(0x40 | header / 4),
	           h.tos,
	           static_cast<int>(length >> 8),
	           static_cast<int>(length),
	           0x12,
	           0x34,
	           h.fragment >> 8,
	           h.fragment,
	           h.ttl,
	           h.protocol,
	           0,
	           0,
	           10,
	           1,
	           0,
	           h.last,
	           10,
	           1,
	           0,
	           1});
	append(f, h.options);
	uint32_t sum = 0;
	for (std::size_t i = 0; i < header; i += 2)
		sum += static_cast<uint32_t>(f[i] << 8 | f[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~(sum + (sum >> 16));
	f[10] = static_cast<uint8_t>(sum >> 8);
	f[11] = static_cast<uint8_t>(sum);
	append(f, payload);
	return f;
}

Frame ip6(uint8_t next, const Frame &payload, uint8_t hops = 64, uint8_t traffic_class = 0, uint8_t last = 2) {
	Frame f;
	append(f, {0x60 | traffic_class >> 4, (traffic_class & 15) << 4 | 1, 2, 3,
	           static_cast<int>(payload.size() >> 8), static_cast<int>(payload.size()), next, hops});
	append(f, {0xfd, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last});
	append(f, {0xfd, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
	append(f, payload);
	return f;
}

// An extension header of 8 bytes with padding.
Frame extended(uint8_t next, const Frame &payload) {
	Frame f;
	append(f, {next, 0, 1, 4, 0, 0, 0, 0});
	append(f, payload);
	return f;
}

Frame routed(uint8_t next, const Frame &payload) {
	Frame f;
	append(f, {next, 0, 0, 0, 0, 0, 0, 0});
	append(f, payload);
	return f;
}

Frame fragment(uint8_t next, uint16_t offset_and_more, const Frame &payload) {
	Frame f;
	append(f, {next, 0, offset_and_more >> 8, offset_and_more, 0, 0, 0, 9});
	append(f, payload);
	return f;
}

constexpr std::size_t kLinkBytes = 14;

Frame ethernet(uint8_t to, uint8_t from, std::initializer_list<int> types, const Frame &payload) {
	Frame f;
	append(f, {2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from});
	append(f, types);
	append(f, payload);
	return f;
}

const Frame kTcpOptions{2, 4, 5, 0xb4, 1, 3, 3, 7, 4, 2, 1, 1}; // MSS 1460, window scale 7, SACK permitted

} // namespace

std::vector<Frame> mixed_frames(uint8_t to, uint8_t from) {
	std::vector<Frame> all;
	const auto send = [&](std::initializer_list<int> types, const Frame &payload) {
		all.push_back(ethernet(to, from, types, payload));
	};
	const auto v4 = [&](const Frame &packet) { send({8, 0}, packet); };
	const auto v6 = [&](const Frame &packet) { send({0x86, 0xdd}, packet); };
	const Frame &options = kTcpOptions;

	v4(ip4({}, tcp(1024, 22, 2)));
	v4(ip4({.last = 3}, tcp(40000, 22, 0x12, options)));
	v4(ip4({.tos = 0xb8}, tcp(1025, 80, 0x18, {}, 100)));
	v4(ip4({.tos = 0x03, .ttl = 1}, tcp(80, 443, 0x10, {}, 1)));
	v4(ip4({.fragment = 0x4000, .last = 200}, tcp(443, 65535, 0x29, options, 1000)));
	v4(ip4({.options = {0x94, 4, 0, 0}}, tcp(5000, 22, 2, options)));
	v4(ip4({.protocol = kUdp}, udp(53, 53, 20)));
	v4(ip4({.protocol = kUdp, .ttl = 255}, udp(5353, 123, 1400)));
	v4(ip4({.protocol = kUdp, .options = {7, 4, 4, 0}}, udp(22, 22, 0)));
	v4(ip4({.protocol = kUdp, .fragment = 0x2000}, udp(67, 68, 72)));
	v4(ip4({.protocol = kUdp, .fragment = 10}, filled(40)));
	v4(ip4({.protocol = kTcp, .fragment = 0x2003}, tcp(22, 22, 2)));
	v4(ip4({.protocol = kIcmp}, icmp(8, 0, 7, 1)));
	v4(ip4({.protocol = kIcmp}, icmp(0, 0, 7, 2)));
	Frame unreachable;
	append(unreachable, {3, 1, 0, 0, 0, 0, 0, 0});
	append(unreachable, ip4({}, tcp(22, 1024, 2)));
	v4(ip4({.protocol = kIcmp}, unreachable));
	v4(ip4({.protocol = kSctp}, sctp(7, 9)));
	v4(ip4({.protocol = 47}, filled(12)));
	v4(ip4({.protocol = kTcp}, {0, 22, 0}));

	v6(ip6(kTcp, tcp(1024, 22, 2)));
	v6(ip6(kTcp, tcp(40000, 80, 0x18, options, 50), 1, 0xb8, 3));
	v6(ip6(kUdp, udp(53, 53, 20), 255));
	v6(ip6(kIcmp6, icmp(128, 0, 9, 1)));
	v6(ip6(kIcmp6, icmp(1, 4, 0, 0)));
	v6(ip6(kSctp, sctp(9, 7)));
	v6(ip6(kHopByHop, extended(kTcp, tcp(1, 22, 2))));
	v6(ip6(kHopByHop, extended(kDestination, extended(kUdp, udp(53, 5353, 4)))));
	v6(ip6(kHopByHop, extended(kRouting, routed(kDestination, extended(kTcp, tcp(1, 443, 2))))));
	v6(ip6(kFragment, fragment(kUdp, 1, udp(53, 53, 64))));
	v6(ip6(kFragment, fragment(kUdp, 8 << 3, filled(30))));
	v6(ip6(kDestination, extended(kFragment, fragment(kTcp, 4 << 3 | 1, tcp(22, 22, 2)))));
	v6(ip6(59, {}));

	send({0x81, 0, 0x20, 5, 8, 0}, ip4({}, tcp(1024, 22, 2)));
	send({0x81, 0, 0x60, 7, 0x86, 0xdd}, ip6(kUdp, udp(53, 53, 20)));
	send({0x88, 0xa8, 0, 9, 0x81, 0, 0xe0, 5, 8, 0}, ip4({.protocol = kUdp}, udp(53, 53, 20)));
	Frame arp;
	append(arp, {0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, from, 10, 1, 0, 2, 0, 0, 0, 0, 0, 0, 10, 1, 0, 1});
	send({8, 6}, arp);
	arp[7] = 2;
	arp[17] = 9;
	send({8, 6}, arp);
	send({0x88, 0xcc}, filled(60));
	return all;
}

std::vector<Frame> routed_frames(uint8_t to, uint8_t from) {
	constexpr std::size_t kTo4 = kLinkBytes + 16, kTo6 = kLinkBytes + 24;
	std::vector<Frame> all;
	for (Frame &f : mixed_frames(to, from)) {
		const bool four = f[12] == 0x08 && f[13] == 0x00, six = f[12] == 0x86 && f[13] == 0xdd;
		if (!four && !six) continue;
		if (four) {
			std::ranges::copy(Frame{10, 2, 0, 2}, f.begin() + kTo4);
			set_checksum(f, kLinkBytes);
		} else {
			f[kTo6 + 1] = 2;
			f[kTo6 + 15] = 2;
		}
		all.push_back(std::move(f));
	}
	return all;
}

std::vector<LargeFrame> large_frames(uint8_t to, uint8_t from) {
	constexpr std::size_t kPayload = 6000;
	const auto v4 = [&](const Frame &packet) { return ethernet(to, from, {8, 0}, packet); };
	const auto v6 = [&](const Frame &packet) { return ethernet(to, from, {0x86, 0xdd}, packet); };
	constexpr uint16_t kWithTcp = kLinkBytes + 20 + 20 + 12;
	return {
	        {v4(ip4({}, tcp(1024, 22, 2, kTcpOptions, kPayload)))},
	        {v4(ip4({.tos = 0xb8, .options = {0x94, 4, 0, 0}}, tcp(40000, 443, 0x12, {}, kPayload)))},
	        {v4(ip4({.protocol = kUdp}, udp(53, 53, kPayload))), kLinkBytes + 20},
	        {v4(ip4({}, tcp(80, 443, 0x10, kTcpOptions, kPayload))), kWithTcp, 1400},
	        // With its IPv6 header in the linear part: ipv6_find_hdr() reads that header without asking where it
	        // lies.
	        {v6(ip6(kTcp, tcp(1024, 22, 2, kTcpOptions, kPayload))), kLinkBytes + 40},
	        {v6(ip6(kHopByHop, extended(kUdp, udp(53, 5353, kPayload)))), kLinkBytes + 40},
	};
}

} // namespace nft_drops::guest
