// SPDX-License-Identifier: GPL-2.0-only
// The colours of drops on a terminal: SGR sequences of ECMA-48, which every terminal with colours knows.
#ifndef NFT_DROPS_NFT_EXT_TEXT_PALETTE_H
#define NFT_DROPS_NFT_EXT_TEXT_PALETTE_H

#include <string_view>

namespace nft_drops {

// Each is written in front of its text, and `end` behind it. All are empty where there are no colours.
struct Palette {
	std::string_view time;  // date and time
	std::string_view place; // table and chain
	std::string_view rule;  // what dropped the packet
	std::string_view end;
};

inline constexpr Palette kNoColours{};
inline constexpr Palette kColours{
        .time = "\033[36m", // cyan
        .place = "\033[1m", // bold
        .rule = "\033[31m", // red
        .end = "\033[0m",
};

} // namespace nft_drops

#endif
