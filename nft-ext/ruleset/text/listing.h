// SPDX-License-Identifier: GPL-2.0-only
// Cuts one rule's text, or one chain's line, out of what nft printed. Names and comments are anybody's bytes: they may
// hold newlines, quotes, braces and `# handle 7`. So wherever more than one reading is possible, the answer is nullopt.
#ifndef NFT_DROPS_NFT_EXT_RULESET_TEXT_LISTING_H
#define NFT_DROPS_NFT_EXT_RULESET_TEXT_LISTING_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace nft_drops {

// The narrow way: a listing of one table that holds one chain at its end.

// `empty` is the listing without the rule, `listing` the same with it. Proven, not parsed: the rule is what one has and
// the other has not.
std::optional<std::string> cut_rule(std::string_view empty, std::string_view listing, uint64_t handle);
// The same for a rule inside of `jump { ... }`: both hold the outer rule, `listing` one inner rule more.
std::optional<std::string> cut_inner_rule(std::string_view empty, std::string_view listing, uint64_t handle);
// The chain's `type ... hook ...;` line from the listing without rules.
std::optional<std::string> cut_chain_line(std::string_view empty);

// The plain way: `list ruleset` as a whole.

struct TableText {
	std::unordered_map<uint64_t, std::string> rules;  // by handle
	std::unordered_map<uint64_t, std::string> chains; // the `type ...;` lines, by the chain's handle
};
// Only what can be told for sure is in the result; a handle that seems to occur twice is left out.
TableText parse_table(std::string_view listing, std::string_view family, std::string_view table, uint64_t table_handle);

} // namespace nft_drops

#endif
