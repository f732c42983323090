// SPDX-License-Identifier: GPL-2.0-only
// The jumps from the base chain to the rule that dropped, in one line:
//
//	input -> jump ZONES (handle 176) -> drop (handle 215)
//
// A rule with a verdict map names no chain: `-> vmap (handle 9) -> ZONES`. `-> goto LAN` is a goto in between: the
// kernel keeps no trace of a goto but the chain that it led to. `?` stands for a rule that is gone.
#ifndef NFT_DROPS_NFT_EXT_SINKS_JUMP_PATH_H
#define NFT_DROPS_NFT_EXT_SINKS_JUMP_PATH_H

#include "nft-ext/drop/drop.h"

#include <string>

namespace nft_drops {

// Appends nothing where the path is not known. Names are escaped as words.
void append_jump_path(std::string &out, const Drop &drop);

} // namespace nft_drops

#endif
