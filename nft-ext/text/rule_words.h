// SPDX-License-Identifier: GPL-2.0-only
// What a rule's text says, as nft prints it.
#ifndef NFT_DROPS_NFT_EXT_TEXT_RULE_WORDS_H
#define NFT_DROPS_NFT_EXT_TEXT_RULE_WORDS_H

#include <string_view>

namespace nft_drops {

// The text of `comment "..."`, which nft prints last (rule_print_debug in src/rule.c comes later); empty: there is
// none.
std::string_view comment_in(std::string_view rule);

// True where the rule has the word `drop` or `reject` outside of quotes, also within a verdict map or `jump { ... }`.
// Others drop, too (a named verdict map, masquerade without an address): they are known once they dropped.
bool says_drop(std::string_view rule);

} // namespace nft_drops

#endif
