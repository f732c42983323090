// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_NFT_EXT_TEXT_DURATION_H
#define NFT_DROPS_NFT_EXT_TEXT_DURATION_H

#include <chrono>
#include <optional>
#include <string_view>

namespace nft_drops::cli {

// A time as nft writes it: "10s", "5m", "1h30m", "250ms", "1d"; a bare number means seconds. Nothing for what is none,
// is zero, or is longer than ten years.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

} // namespace nft_drops::cli

#endif
