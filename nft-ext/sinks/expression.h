// SPDX-License-Identifier: GPL-2.0-only
// Which part of a rule dropped the packet, in nft's words.
#ifndef NFT_DROPS_NFT_EXT_SINKS_EXPRESSION_H
#define NFT_DROPS_NFT_EXT_SINKS_EXPRESSION_H

#include <string_view>

namespace nft_drops {

// nft's word for what the kernel calls `name` ("masq": "masquerade"). Empty for a plain `drop`, and where `name` is.
std::string_view expression_word(std::string_view name);

// Whether the word says in the rule itself that packets are dropped, so that nobody needs to be told.
bool says_so_itself(std::string_view word);

} // namespace nft_drops

#endif
