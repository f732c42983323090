// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_NFT_EXT_CLI_COMPLETE_RULE_TEXTS_H
#define NFT_DROPS_NFT_EXT_CLI_COMPLETE_RULE_TEXTS_H

#include <chrono>
#include <map>
#include <string>
#include <string_view>

namespace nft_drops::complete {

// The texts of a chain's rules, as nft lists them; the keys are the handles. Returns nothing if nft needs longer than
// until `end`.
std::map<std::string, std::string> rule_texts(const std::string &family, const std::string &table,
                                              const std::string &chain, std::chrono::steady_clock::time_point end);

// The texts in a chain's listing, by handle, escaped so that each is one line without control characters. Names and
// comments in the listing are anybody's bytes.
std::map<std::string, std::string> texts_in_listing(std::string_view listing);

} // namespace nft_drops::complete

#endif
