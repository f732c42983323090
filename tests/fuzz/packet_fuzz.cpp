// SPDX-License-Identifier: GPL-2.0-only
// The packet decoder, on any headers: nothing is read that the event does not hold, and the words fit one line.
#include "input.h"

#include "nft-ext/packet/json_packet.h"
#include "nft-ext/packet/packet.h"
#include "nft-ext/packet/words.h"
#include "tests/unit/nft-ext/support/safe_text.h"

#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>

#include <memory>

namespace nft_drops::fuzz {
namespace {

struct Texts {
	std::string words, json;
	bool operator==(const Texts &) const = default;
};

Texts texts_of(const nd_event &event) {
	// On the heap, where a step beyond the end is noticed: l3[] is the event's last member.
	const auto copy = std::make_unique<nd_event>(event);
	const Packet packet = decode(*copy);
	Texts texts;
	append_words(texts.words, *copy, packet);
	JsonWriter json(texts.json);
	write_packet_json(json, packet);
	return texts;
}

// Bytes that the lengths do not cover.
void fill_the_rest(nd_event &event, uint8_t with) {
	const size_t l3 = std::min<size_t>(event.l3_len, sizeof(event.l3));
	const size_t l2 = std::min<size_t>(event.l2_len, sizeof(event.l2));
	std::memset(event.l3 + l3, with, sizeof(event.l3) - l3);
	std::memset(event.l2 + l2, with, sizeof(event.l2) - l2);
}

void try_one(Input input) {
	static constexpr uint8_t kHooks[] = {NFPROTO_INET, NFPROTO_IPV4,   NFPROTO_ARP, NFPROTO_NETDEV,
	                                     NFPROTO_IPV6, NFPROTO_BRIDGE, 255};
	static constexpr uint16_t kProtocols[] = {ETH_P_IP, ETH_P_IPV6, ETH_P_ARP, ETH_P_8021Q, ETH_P_8021AD};
	nd_event event{};
	event.pf = kHooks[input.number<uint8_t>() % std::size(kHooks)];
	event.family = kHooks[input.number<uint8_t>() % std::size(kHooks)];
	const auto protocol = input.number<uint16_t>();
	event.protocol = protocol < 256 ? kProtocols[protocol % std::size(kProtocols)] : protocol;
	event.dev_type = input.number<uint8_t>() % 2 ? uint16_t{ARPHRD_ETHER} : uint16_t{ARPHRD_LOOPBACK};
	event.flags = input.number<uint8_t>();
	event.vlan_proto = input.number<uint16_t>();
	event.vlan_tci = input.number<uint16_t>();
	event.length = input.number<uint32_t>();
	event.l2_len = input.number<uint8_t>();
	event.l3_len = input.number<uint8_t>();
	input.take(event.l2, sizeof(event.l2));
	input.take(event.l3, sizeof(event.l3));

	fill_the_rest(event, 0x00);
	const Texts texts = texts_of(event);
	fill_the_rest(event, 0xff);
	require(texts == texts_of(event), "bytes beyond the packet's end decide what is shown", texts.words);
	require(texts.words.find('\n') == std::string::npos, "more than a line", texts.words);
	for (const std::string &text : {texts.words, texts.json}) {
		const std::string danger = test::danger_in(text, false);
		require(danger.empty(), danger.c_str(), text);
	}
}

} // namespace
} // namespace nft_drops::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	nft_drops::fuzz::try_one(nft_drops::fuzz::Input({data, size}));
	return 0;
}
