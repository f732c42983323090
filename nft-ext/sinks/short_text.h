// SPDX-License-Identifier: GPL-2.0-only
// A rule with thousands of elements in its braces, short enough for a terminal.
#ifndef NFT_DROPS_NFT_EXT_SINKS_SHORT_TEXT_H
#define NFT_DROPS_NFT_EXT_SINKS_SHORT_TEXT_H

#include <cstddef>
#include <string>
#include <string_view>

namespace nft_drops {

struct ShortText {
	std::string text;
	size_t left_out = 0; // elements that the text lacks; 0: it is the whole rule
};

// The rule without most elements of its anonymous sets and maps: each keeps the first three. The result is a rule that
// nft reads, and it begins and ends as the whole rule does. Texts of at most kWhole bytes stay as they are, and so do
// the rules between the braces of `jump { ... }`.
ShortText shortened(std::string_view rule);

inline constexpr size_t kWhole = 1000;

} // namespace nft_drops

#endif
