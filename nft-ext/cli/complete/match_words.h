// SPDX-License-Identifier: GPL-2.0-only
// Completion inside a MATCH: nft's keywords, and the values that nft has names for.
#ifndef NFT_DROPS_NFT_EXT_CLI_COMPLETE_MATCH_WORDS_H
#define NFT_DROPS_NFT_EXT_CLI_COMPLETE_MATCH_WORDS_H

#include "nft-ext/cli/complete/candidates.h"

#include <span>
#include <string_view>
#include <vector>

namespace nft_drops::complete {

// The words that may follow `before`, the words of the MATCH so far. Only what nft-drops takes is offered. The
// candidate "!device" stands for the names of network devices. `history`: only what `why` can ask the history for.
// Returns nothing where the words are not understood (a concatenation, a bit operation): the user may go on all the
// same.
std::vector<Candidate> match_words(std::span<const std::string_view> before, bool history);

} // namespace nft_drops::complete

#endif
