// SPDX-License-Identifier: GPL-2.0-only
// The words of packets (words.h), kept for those that say the same again: most of a flood's packets differ in nothing
// that is shown but the time. What is kept depends on the packet alone, and is made anew wherever anything of it
// differs that the words tell.
#ifndef NFT_DROPS_NFT_EXT_PACKET_KEPT_WORDS_H
#define NFT_DROPS_NFT_EXT_PACKET_KEPT_WORDS_H

#include "bpf/shared/event.h"
#include "nft-ext/packet/word_style.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace nft_drops {

class KeptWords {
public:
	explicit KeptWords(WordStyle style = {}) : style_(std::move(style)) {}
	// Valid until the next call.
	std::string_view of(const nd_event &event);

private:
	// All that the words of a plain TCP or UDP packet depend on: no tags, options, extension headers, fragments.
	struct Sight {
		uint64_t addresses[4];
		uint32_t iif, oif;
		char iifname[ND_IFNAME_BYTES], oifname[ND_IFNAME_BYTES];
		uint32_t length;
		uint32_t ports;
		uint32_t lengths;   // of the network header: its total or payload length, and what stands beside it
		uint16_t transport; // UDP: its length; TCP: header length and flags
		uint8_t l3_len;
		uint8_t protocol;
		uint8_t pf;
		uint8_t unused[7];
		bool operator==(const Sight &other) const;
	};
	struct Kept {
		Sight sight{};
		std::string words;
	};
	static bool is_plain(const nd_event &event, Sight &sight);

	WordStyle style_;
	std::array<Kept, 64> kept_;
	std::string others_;
};

} // namespace nft_drops

#endif
