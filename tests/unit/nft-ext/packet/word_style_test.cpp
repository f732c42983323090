// SPDX-License-Identifier: GPL-2.0-only
// What nft's options -n, -p, -S and -N make of a packet's words. The expected words are those that nft 1.0.6 prints of
// a rule with the same values.
#include "nft-ext/packet/kept_words.h"
#include "nft-ext/packet/word_style.h"
#include "nft-ext/packet/words.h"
#include "packets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <linux/netfilter.h>
#include <netdb.h>

namespace nft_drops::test {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr uint8_t kGre = 47;

std::string words_in(const WordStyle &style, const nd_event &event) {
	std::string out;
	append_words(out, event, decode(event), style);
	return out;
}

TEST(WordStyle, NumbersForSymbols) {
	const WordStyle numeric = style_for("n");
	EXPECT_THAT(words_in(numeric, ip_event(ip(IPPROTO_ICMP, icmp(8, 0)))), HasSubstr(" icmp type 8 icmp code 0 "));
	EXPECT_THAT(words_in(numeric, ip_event(ip(IPPROTO_ICMP, icmp(3, 1)))), HasSubstr(" icmp type 3 icmp code 1 "));
	EXPECT_THAT(words_in(numeric, ip6_event(ip6(IPPROTO_ICMPV6, icmp(128, 0)))), HasSubstr(" icmpv6 type 128 "));
	EXPECT_THAT(words_in(numeric, ip_event(ip(IPPROTO_TCP, tcp(1, 2, 0x12)))), HasSubstr(" tcp flags 0x12 "));
	EXPECT_THAT(words_in(numeric, ip_event(ip(IPPROTO_TCP, tcp(1, 2, 2)))), HasSubstr(" tcp flags 0x2 "));
	EXPECT_THAT(words_in(numeric, ip_event(ip(kGre, {0, 0, 8, 0}))), HasSubstr(" ip protocol 47 "));
	EXPECT_THAT(words_in(numeric, ip_event(ip(IPPROTO_IGMP, igmp(0x11)))), HasSubstr(" igmp type 17 "));
	EXPECT_THAT(words_in(numeric, ip_event(ip(IPPROTO_DCCP, dccp(1, 2, 0)))), HasSubstr(" dccp type 0 "));
	nd_event request = event_of(arp(1), NFPROTO_ARP);
	request.protocol = 0x0806;
	EXPECT_THAT(words_in(numeric, request), HasSubstr("arp operation 1 "));
}

TEST(WordStyle, NumbersForProtocolsAlone) {
	const WordStyle style = style_for("p");
	EXPECT_THAT(words_in(style, ip_event(ip(kGre, {0, 0, 8, 0}))), HasSubstr(" ip protocol 47 "));
	EXPECT_THAT(words_in(style, ip_event(ip(IPPROTO_ICMP, icmp(8, 0)))), HasSubstr(" icmp type echo-request "));
}

TEST(WordStyle, OtherLettersChangeNothing) {
	const nd_event event = ip_event(ip(IPPROTO_ICMP, icmp(8, 0)));
	EXPECT_EQ(words_in(style_for("uyTst"), event), words_of(event));
	EXPECT_EQ(words_in(style_for(""), event), words_of(event));
}

TEST(WordStyle, ServicesAsTheMachineHasThem) {
	const servent *ssh = getservbyport(htons(22), nullptr);
	if (!ssh) GTEST_SKIP() << "no /etc/services here";
	const std::string name = ssh->s_name;
	EXPECT_THAT(words_in(style_for("S"), ip_event(ip(IPPROTO_TCP, tcp(22, 2, 2)))),
	            HasSubstr(" tcp sport \"" + name + "\" tcp dport "));
}

TEST(WordStyle, PortsWithoutAServiceAndHostileOnes) {
	WordStyle style;
	style.service = [](uint16_t port) { return std::string(port == 1 ? "" : "a\"\033[31m"); };
	EXPECT_THAT(words_in(style, ip_event(ip(IPPROTO_UDP, udp(1, 2)))), HasSubstr(" udp sport 1 udp dport 2 "));
}

TEST(WordStyle, HostsByNameOnceTheNameIsKnown) {
	std::string name;
	WordStyle style;
	style.host = [&name](const Address &address) {
		return address.bytes[3] == 2 ? name : std::string("bad\nname \033[0m");
	};
	KeptWords words(style);
	const nd_event event = ip_event(ip(IPPROTO_TCP, tcp(1, 2, 2)));
	EXPECT_THAT(words.of(event), HasSubstr("ip saddr 10.0.0.2 ip daddr 10.0.0.1 "));
	name = "host.example";
	EXPECT_THAT(words.of(event), HasSubstr("ip saddr host.example ip daddr 10.0.0.1 "));
	name.assign(4000, 'x');
	EXPECT_THAT(words.of(event), HasSubstr("ip saddr 10.0.0.2 ip daddr 10.0.0.1 "));
	name.assign(255, 'x');
	EXPECT_THAT(words.of(event), HasSubstr("ip saddr " + name + " ip daddr 10.0.0.1 tcp sport 1 "));
}

} // namespace
} // namespace nft_drops::test
