// SPDX-License-Identifier: GPL-2.0-only
// A rule that nf_tables took, as operations.
#ifndef NFT_DROPS_NFT_EXT_MATCH_TRANSLATE_H
#define NFT_DROPS_NFT_EXT_MATCH_TRANSLATE_H

#include "jit/match/program.h"
#include "nft-ext/match/words.h"

#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <vector>

struct nftnl_rule;

namespace nft_drops {

// An anonymous set as nf_tables lists it (NFT_MSG_GETSET, NFT_MSG_GETSETELEM).
struct AnonymousSet {
	struct Element {
		jit::MatchBytes key, key_end; // key_end: of concatenations with intervals
		bool ends = false; // NFT_SET_ELEM_INTERVAL_END: the interval in front of it ends before this key
	};
	uint32_t flags = 0;                   // NFT_SET_*
	uint32_t key_length = 0;              // bytes
	std::vector<uint8_t> field_lengths{}; // NFTA_SET_DESC_CONCAT: bytes, without padding; may be empty
	std::vector<Element> elements{};
};

using FindSet = std::function<std::expected<AnonymousSet, Refusal>(const std::string &name)>;

// `words` are what the user typed, for the place of what is refused.
std::expected<jit::MatchProgram, Refusal> translate(const nftnl_rule *rule, std::string_view words,
                                                    const FindSet &find_set);

// The elements of a set as ranges, both ends included. Intervals of a set without concatenations come as pairs of an
// element and one that ends it (nft_set_rbtree): an interval without an end goes on to the highest key.
std::expected<std::vector<std::vector<jit::MatchLookup::Field>>, Refusal> ranges_of(const AnonymousSet &set);

} // namespace nft_drops

#endif
