// SPDX-License-Identifier: GPL-2.0-only
// SELECTOR and MATCH as the user typed them:
//
//	table FAMILY TABLE [MATCH]
//	chain FAMILY TABLE CHAIN [MATCH]
//	rule FAMILY TABLE CHAIN handle N [MATCH]
//	[MATCH]
//
// No match of nft begins with one of these three words.
#ifndef NFT_DROPS_NFT_EXT_MATCH_SELECTOR_H
#define NFT_DROPS_NFT_EXT_MATCH_SELECTOR_H

#include "jit/base/result.h"
#include "jit/match/selector.h"

#include <string>
#include <string_view>

namespace nft_drops {

struct Selection {
	jit::Selector selector; // ND_SELECT_ALL: there is none
	std::string match;      // the words behind the SELECTOR; empty: there are none
};

// Fails with one line that names the word that is wrong or missing.
Result<Selection> read_selector(std::string_view words);

// "rule inet filter input handle 7"
std::string words_of(const jit::Selector &selector);

} // namespace nft_drops

#endif
