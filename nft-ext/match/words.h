// SPDX-License-Identifier: GPL-2.0-only
// The user's words before nft sees them.
#ifndef NFT_DROPS_NFT_EXT_MATCH_WORDS_H
#define NFT_DROPS_NFT_EXT_MATCH_WORDS_H

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace nft_drops {

// What is wrong with a place in the words.
struct Refusal {
	std::string why;
	size_t at = 0, length = 0; // the place; length 0: none
};

// Whatever could make more than one rule of the words, or a rule that refers to the ruleset: none where they may be
// given to nft.
std::optional<Refusal> scan(std::string_view words);

// Where a word stands in the words, outside of quotes; {0, 0} where it does not.
Refusal refuse_word(std::string_view words, std::string_view word, std::string why);

// The message in nft's form, with a newline at its end.
std::string in_nfts_form(std::string_view words, const Refusal &refusal);

// nft's message about `prefix` and the words, as if the words alone had been given to it.
std::string without_prefix(std::string_view message, std::string_view prefix);

} // namespace nft_drops

#endif
