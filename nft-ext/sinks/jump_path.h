// SPDX-License-Identifier: GPL-2.0-only
// The jumps from the base chain to the rule that dropped, in one line:
//
//	input -> jump ZONES (handle 176) -> drop (handle 215)
//
// A rule with a verdict map names no chain: `-> vmap (handle 9) -> ZONES`. `-> goto LAN` is a goto in between: the
// kernel keeps no trace of the rule, but the next rule stands in LAN. `?` stands for a rule that is gone. The last word
// is nft's for the expression that gave the verdict: drop, reject, masquerade ...; a map's is `-> vmap (handle 9) ->
// drop`.
#ifndef NFT_DROPS_NFT_EXT_SINKS_JUMP_PATH_H
#define NFT_DROPS_NFT_EXT_SINKS_JUMP_PATH_H

#include "nft-ext/drop/drop.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nft_drops {

// One step from chain to chain.
struct Hop {
	enum class Kind : uint8_t { kJump, kMap, kGoto, kUnknown };
	Kind kind = Kind::kUnknown;
	std::string_view from;
	uint64_t handle = 0; // of the rule that jumped; 0 of kGoto and kUnknown
	std::string_view to; // empty where it cannot be told: of kMap and kUnknown
};

// All hops in order; none where the path is not known, or the rule stands in the base chain. They point into `drop`.
std::vector<Hop> hops_of(const Drop &drop);

// Appends the line. Nothing where the path is not known. Names are escaped as words.
void append_jump_path(std::string &out, const Drop &drop);

} // namespace nft_drops

#endif
