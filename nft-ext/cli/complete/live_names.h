// SPDX-License-Identifier: GPL-2.0-only
// Names of live objects, asked of the kernel directly: nft's own listings read all there is.
#ifndef NFT_DROPS_NFT_EXT_CLI_COMPLETE_LIVE_NAMES_H
#define NFT_DROPS_NFT_EXT_CLI_COMPLETE_LIVE_NAMES_H

#include "nft-ext/cli/complete/candidates.h"

namespace nft_drops::complete {

// complete::Names. Takes at most about 40 ms: what has not been read by then is left out. Only names that nft's scanner
// reads as one word are offered, so nothing that a ruleset holds can reach the shell as anything else.
std::vector<Candidate> live_names(const Wanted &wanted);

} // namespace nft_drops::complete

#endif
