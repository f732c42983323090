// SPDX-License-Identifier: GPL-2.0-only
// Numbers for people: 18,240 and 1.0 s.
#ifndef NFT_DROPS_NFT_EXT_TEXT_FIGURES_H
#define NFT_DROPS_NFT_EXT_TEXT_FIGURES_H

#include <chrono>
#include <cstdint>
#include <string>

namespace nft_drops {

// Groups of three digits, whatever the locale.
std::string grouped(uint64_t number);
// In seconds with one decimal, rounded up: "0.1".
std::string seconds(std::chrono::milliseconds time);

} // namespace nft_drops

#endif
