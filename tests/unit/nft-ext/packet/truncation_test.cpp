// SPDX-License-Identifier: GPL-2.0-only
// Every protocol, cut at every byte.
#include "packets.h"

#include "nft-ext/packet/packet.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace nft_drops::test {
namespace {

struct Case {
	const char *name;
	bool ip6;
	Octets network;
	size_t header_end; // with fewer bytes than this something is truncated
};

std::vector<Case> cases() {
	std::vector<Case> all;
	const auto add = [&](const char *name, uint8_t protocol, const Octets &payload, size_t header, bool v4,
	                     bool v6) {
		if (v4) all.push_back({name, false, ip(protocol, payload), 20 + header});
		if (v4) all.push_back({name, false, ip(protocol, payload, {.options = Octets(8)}), 28 + header});
		if (v6) all.push_back({name, true, ip6(protocol, payload), 40 + header});
		if (v6) all.push_back({name, true, ip6(IPPROTO_HOPOPTS, ip6_options(protocol) + payload), 48 + header});
		if (v6)
			all.push_back({name, true, ip6(IPPROTO_FRAGMENT, ip6_frag(protocol, 0, true, 5) + payload),
			               48 + header});
	};
	add("tcp", IPPROTO_TCP, tcp(1000, 2000, 0x12), 20, true, true);
	add("udp", IPPROTO_UDP, udp(1000, 2000), 8, true, true);
	add("udplite", IPPROTO_UDPLITE, udp(1000, 2000), 8, true, true);
	add("sctp", IPPROTO_SCTP, sctp(1000, 2000), 12, true, true);
	add("dccp", IPPROTO_DCCP, dccp(1000, 2000, 3), 12, true, true);
	add("icmp", IPPROTO_ICMP, icmp(8, 0, 1, 2), 8, true, false);
	add("icmpv6", IPPROTO_ICMPV6, icmp(128, 0, 1, 2), 8, false, true);
	add("igmp", IPPROTO_IGMP, igmp(0x11), 8, true, false);
	add("esp", IPPROTO_ESP, esp(5), 8, true, true);
	add("ah", IPPROTO_AH, auth(IPPROTO_UDP, 5), 12, true, false);
	add("gre", IPPROTO_GRE, Octets(4), 0, true, true);
	all.push_back({"ah", true, ip6(IPPROTO_AH, auth(IPPROTO_UDP, 5) + udp(1, 2)), 72});
	all.push_back({"rt", true, ip6(IPPROTO_ROUTING, ip6_routing(IPPROTO_UDP, 4) + udp(1, 2)), 56});
	return all;
}

nd_event event_of_case(const Case &test) {
	return test.ip6 ? ip6_event(test.network) : ip_event(test.network);
}

std::vector<std::string> split(const std::string &words) {
	std::istringstream in(words);
	std::vector<std::string> all;
	for (std::string word; in >> word;)
		all.push_back(word);
	return all;
}

// What is read of a cut packet must be what is read of the whole one: no word may be made up.
TEST(Truncation, WordsAreThoseOfTheWholePacket) {
	for (const Case &test : cases()) {
		const std::string whole = words_of(event_of_case(test));
		const std::vector<std::string> whole_words = split(whole);
		EXPECT_EQ(whole.find("truncated"), std::string::npos) << whole;
		for (size_t size = 0; size < test.network.size(); ++size) {
			nd_event event = event_of_case(test);
			event.l3_len = static_cast<nd_u8>(size);
			// Stale bytes behind l3_len must not be looked at.
			std::fill(event.l3 + size, event.l3 + ND_L3_BYTES, 0xee);
			const std::string words = words_of(event);
			SCOPED_TRACE(std::string(test.name) + " cut at " + std::to_string(size) + ": " + words);
			EXPECT_EQ(words.find("truncated") != std::string::npos, size < test.header_end);
			EXPECT_EQ(decode(event).truncated != Layer::kNone, size < test.header_end);
			EXPECT_TRUE(words.starts_with("iif \"veth0\" "));
			EXPECT_TRUE(words.ends_with(" length " + std::to_string(test.network.size())));
			std::vector<std::string> rest = split(words);
			if (size < test.header_end) {
				const auto at = std::find(rest.begin(), rest.end(), "truncated");
				rest.erase(at - 1, at + 1);
			}
			// While the transport is out of reach its protocol is told instead.
			const auto protocol = std::find_if(rest.begin(), rest.end(), [](const std::string &word) {
				return word == "protocol" || word == "nexthdr" || word == "l4proto";
			});
			if (protocol != rest.end() && size < test.header_end) rest.erase(protocol - 1, protocol + 2);
			// `exthdr rt exists` becomes `rt type` once the type is there.
			size_t matched = 0;
			for (const std::string &word : whole_words)
				if (matched < rest.size() && rest[matched] == word) ++matched;
			if (words.find("exthdr rt exists") == std::string::npos) {
				EXPECT_EQ(matched, rest.size());
			}
		}
	}
}

TEST(Truncation, TheSameWhenTheLengthFieldEndsThePacket) {
	for (const Case &test : cases()) {
		if (test.ip6) continue;
		for (size_t size = 28; size < test.network.size(); ++size) {
			nd_event cut = event_of_case(test);
			cut.l3_len = static_cast<nd_u8>(size);
			nd_event ended = event_of_case(test);
			ended.l3[2] = 0;
			ended.l3[3] = static_cast<nd_u8>(size);
			EXPECT_EQ(words_of(cut), words_of(ended)) << test.name << ' ' << size;
		}
	}
}

TEST(Truncation, Tcp) {
	const auto cut = [](size_t size) {
		nd_event event = ip_event(ip(IPPROTO_TCP, tcp(1000, 2000, 0x02)));
		event.l3_len = static_cast<nd_u8>(size);
		return words_of(event);
	};
	EXPECT_EQ(cut(0), "iif \"veth0\" ip truncated length 40");
	EXPECT_EQ(cut(9), "iif \"veth0\" ip truncated length 40");
	EXPECT_EQ(cut(10), "iif \"veth0\" ip protocol tcp ip truncated length 40");
	EXPECT_EQ(cut(16), "iif \"veth0\" ip saddr 10.0.0.2 ip protocol tcp ip truncated length 40");
	EXPECT_EQ(cut(20), "iif \"veth0\" ip saddr 10.0.0.2 ip daddr 10.0.0.1 tcp truncated length 40");
	EXPECT_EQ(cut(22), "iif \"veth0\" ip saddr 10.0.0.2 ip daddr 10.0.0.1 tcp sport 1000 tcp truncated length 40");
	EXPECT_EQ(cut(33), "iif \"veth0\" ip saddr 10.0.0.2 ip daddr 10.0.0.1 tcp sport 1000 tcp dport 2000 "
	                   "tcp truncated length 40");
	EXPECT_EQ(cut(39), "iif \"veth0\" ip saddr 10.0.0.2 ip daddr 10.0.0.1 tcp sport 1000 tcp dport 2000 "
	                   "tcp flags syn tcp truncated length 40");
	EXPECT_EQ(cut(40), "iif \"veth0\" ip saddr 10.0.0.2 ip daddr 10.0.0.1 tcp sport 1000 tcp dport 2000 "
	                   "tcp flags syn length 40");
}

TEST(Truncation, Ip6) {
	const auto cut = [](size_t size) {
		nd_event event = ip6_event(ip6(IPPROTO_ROUTING, ip6_routing(IPPROTO_UDP, 4) + udp(1, 2)));
		event.l3_len = static_cast<nd_u8>(size);
		return words_of(event);
	};
	EXPECT_EQ(cut(6), "iif \"veth0\" ip6 truncated length 56");
	EXPECT_EQ(cut(39), "iif \"veth0\" ip6 saddr 2001:db8::2 ip6 nexthdr 43 ip6 truncated length 56");
	EXPECT_EQ(cut(41), "iif \"veth0\" ip6 saddr 2001:db8::2 ip6 daddr 2001:db8::1 exthdr rt exists "
	                   "exthdr truncated length 56");
	EXPECT_EQ(cut(47), "iif \"veth0\" ip6 saddr 2001:db8::2 ip6 daddr 2001:db8::1 rt type 4 "
	                   "exthdr truncated length 56");
	EXPECT_EQ(cut(48), "iif \"veth0\" ip6 saddr 2001:db8::2 ip6 daddr 2001:db8::1 rt type 4 "
	                   "udp truncated length 56");
}

} // namespace
} // namespace nft_drops::test
