// SPDX-License-Identifier: GPL-2.0-only
// Names of live objects. They come from the kernel directly, because a listing of nft reads the whole ruleset.
#ifndef NFT_DROPS_NFT_EXT_CLI_COMPLETE_LIVE_NAMES_H
#define NFT_DROPS_NFT_EXT_CLI_COMPLETE_LIVE_NAMES_H

#include "nft-ext/cli/complete/candidates.h"

namespace nft_drops::complete {

// An implementation of complete::Names. Takes at most about 40 ms, and leaves out the names that are not read by then.
// Offers only names that nft's scanner reads as one word, so that no name in a ruleset can become shell syntax.
std::vector<Candidate> live_names(const Wanted &wanted);

} // namespace nft_drops::complete

#endif
