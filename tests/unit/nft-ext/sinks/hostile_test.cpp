// SPDX-License-Identifier: GPL-2.0-only
// Any bytes in event and answer: no crash, nothing that a terminal obeys, always JSON.
#include "packets.h"
#include "safe_text.h"

#include "nft-ext/text/text_buffer.h"

#include <gtest/gtest.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <nlohmann/json.hpp>

#include <cstring>
#include <random>

namespace nft_drops::test {
namespace {

class Source {
public:
	explicit Source(uint32_t seed) : random_(seed) {}

	uint32_t below(uint32_t end) { return static_cast<uint32_t>(random_() % end); }
	template <typename T> T one_of(std::initializer_list<T> values) {
		return values.begin()[below(static_cast<uint32_t>(values.size()))];
	}
	void fill(void *to, size_t size) {
		auto *bytes = static_cast<uint8_t *>(to);
		for (size_t i = 0; i < size; ++i)
			bytes[i] = static_cast<uint8_t>(random_());
	}
	std::string text() {
		std::string text(below(60), '\0');
		fill(text.data(), text.size());
		// Often enough what counts: braces, quotes, controls, C1 and separators in UTF-8.
		for (int i = 0; i < 6; ++i)
			text.insert(below(static_cast<uint32_t>(text.size() + 1)),
			            one_of<std::string>(
			                    {"\n", "\"", "{", "}", "\\", "\x1b[2J", "\xc2\x9b", "\xe2\x80\xa8", "\t"}));
		return text;
	}

private:
	std::mt19937 random_;
};

nd_event random_event(Source &source) {
	nd_event event;
	source.fill(&event, sizeof(event));
	event.cause = static_cast<nd_u8>(source.below(5));
	event.pf = source.one_of<nd_u8>(
	        {NFPROTO_INET, NFPROTO_IPV4, NFPROTO_ARP, NFPROTO_NETDEV, NFPROTO_BRIDGE, NFPROTO_IPV6});
	event.family = source.one_of<nd_u8>({NFPROTO_INET, NFPROTO_ARP, NFPROTO_BRIDGE, event.pf});
	event.dev_type = source.one_of<nd_u16>({ARPHRD_ETHER, ARPHRD_ETHER, 0xfffe});
	event.protocol = source.one_of<nd_u16>({ETH_P_IP, ETH_P_IPV6, ETH_P_ARP, ETH_P_8021Q, 0x88cc});
	if (source.below(2)) event.l2_len = static_cast<nd_u8>(source.below(33));
	// Random bytes alone hardly ever get past the first header.
	if (source.below(4)) event.l3[0] = event.pf == NFPROTO_IPV6 ? 0x60 : static_cast<nd_u8>(0x45 + source.below(3));
	if (source.below(2)) event.l3[6] = source.one_of<nd_u8>({0, 43, 44, 51, 60});
	if (source.below(2)) event.l3[7] = 0;
	if (source.below(2)) event.l3[9] = source.one_of<nd_u8>({1, 2, 6, 17, 33, 50, 51, 132, 136});
	for (int at = 40; at < 120; at += 8)
		if (source.below(2)) event.l3[at] = source.one_of<nd_u8>({0, 6, 17, 43, 44, 51, 58, 60});
	for (int at = 41; at < 120; at += 8)
		if (source.below(2)) event.l3[at] = static_cast<nd_u8>(source.below(3));
	return event;
}

Attribution random_answer(Source &source) {
	Attribution answer = rule_answer(source.text());
	answer.known = source.below(4) != 0;
	answer.table = source.text();
	if (source.below(3)) answer.chain = source.text();
	if (source.below(3) == 0) answer.chain.clear();
	answer.base_chain = source.text();
	return answer;
}

void expect_safe(const std::string &out, bool tabs_allowed) {
	EXPECT_EQ(danger_in(out, tabs_allowed), "") << out;
}

TEST(Hostile, RandomEventsAndAnswers) {
	Source source(20261120);
	const auto block = make_renderer(Format::kBlock);
	for (int i = 0; i < 20000; ++i) {
		const nd_event event = random_event(source);
		const Attribution answer = random_answer(source);
		std::string out;
		block->drop(drop_of(event, answer), out);
		block->finish(out);
		expect_safe(out, true);
		const std::string line = render(Format::kLine, event, answer);
		expect_safe(line, false);
		EXPECT_EQ(line.find('\n'), line.size() - 1);
		const std::string json = render(Format::kJson, event, answer);
		expect_safe(json, false);
		EXPECT_EQ(json.find('\n'), json.size() - 1);
		EXPECT_TRUE(nlohmann::json::parse(json, nullptr, false).is_object()) << json;
		if (HasFailure()) FAIL() << "event " << i;
	}
}

TEST(Hostile, BytesOfAllOnesAndZeros) {
	for (const int fill : {0x00, 0xff}) {
		nd_event event;
		std::memset(&event, fill, sizeof(event));
		for (const Format format : {Format::kBlock, Format::kLine, Format::kJson})
			expect_safe(render(format, event, Attribution{}), true);
	}
}

// Every byte of a name escaped, three long addresses, four tags, extension headers, all flags.
TEST(Hostile, TheLongestLineFits) {
	Octets network;
	network = tag(0xffff, ETH_P_8021AD) + tag(0xfffe, ETH_P_8021AD) + tag(0xfffd, ETH_P_IPV6) +
	          ip6(IPPROTO_HOPOPTS, ip6_options(IPPROTO_DSTOPTS) + ip6_options(IPPROTO_ROUTING) +
	                                       ip6_routing(IPPROTO_FRAGMENT, 255) +
	                                       ip6_frag(IPPROTO_TCP, 0, true, 0xffffffff) + tcp(65535, 65534, 0xff));
	for (size_t at = 12 + 8; at < 12 + 40; ++at)
		network[at] = 0xff;
	nd_event event = bridge_event(ether(ETH_P_8021AD), ETH_P_8021AD, network);
	event.flags |= ND_FLAG_VLAN;
	event.vlan_proto = ETH_P_8021AD;
	event.vlan_tci = 0xfffc;
	event.length = 0xffffffff;
	event.l3_len = static_cast<nd_u8>(network.size() - 1);
	set_name(event.iifname, std::string(ND_IFNAME_BYTES, '\xff'));
	set_name(event.oifname, std::string(ND_IFNAME_BYTES, '\xff'));
	event.physin = event.physout = 0xffffffff;
	set_name(event.physin_name, std::string(ND_IFNAME_BYTES, '\xff'));
	set_name(event.physout_name, std::string(ND_IFNAME_BYTES, '\xff'));
	const std::string words = words_of(event);
	EXPECT_LT(words.size(), TextBuffer::kCapacity);
	EXPECT_TRUE(words.ends_with("tcp flags fin,syn,rst,psh,ack,urg,ecn,cwr tcp truncated length 4294967295"))
	        << words;
}

} // namespace
} // namespace nft_drops::test
