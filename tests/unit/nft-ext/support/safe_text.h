// SPDX-License-Identifier: GPL-2.0-only
// What no output may hold, whatever was in the packet: for unit tests and fuzz targets.
#ifndef NFT_DROPS_TESTS_UNIT_NFT_EXT_SINKS_SAFE_TEXT_H
#define NFT_DROPS_TESTS_UNIT_NFT_EXT_SINKS_SAFE_TEXT_H

#include <string>
#include <string_view>

namespace nft_drops::test {

// Why a terminal or a reader of UTF-8 should not get this text: a control character other than the allowed ones, raw or
// as U+0080..U+009F; a character that turns the writing direction or ends a line unseen; bytes that are not UTF-8.
// Empty where nothing is wrong. Written without the code under test: nlohmann's parser is the judge of UTF-8.
std::string danger_in(std::string_view text, bool tabs_allowed);

} // namespace nft_drops::test

#endif
