// SPDX-License-Identifier: GPL-2.0-only
// How a packet got from the base chain to the rule that dropped it.
#ifndef NFT_DROPS_NFT_EXT_RULESET_INDEX_JUMP_PATH_H
#define NFT_DROPS_NFT_EXT_RULESET_INDEX_JUMP_PATH_H

#include <cstdint>
#include <string>
#include <vector>

namespace nft_drops {

// One rule that jumped.
struct JumpStep {
	std::string chain;   // the chain that the rule stands in
	uint64_t handle = 0; // the rule's handle; 0 where it is not known
	std::string target;  // the chain that the rule names; empty for a verdict map, and where it is not known
};

// Each rule that jumped, outermost first. Empty: the rule stands in the base chain.
using JumpPath = std::vector<JumpStep>;

} // namespace nft_drops

#endif
