// SPDX-License-Identifier: GPL-2.0-only
// A SELECTOR: whose drops the user wants. nft-ext/match reads the user's words, jit/attach tells the probe.
#ifndef NFT_DROPS_JIT_MATCH_SELECTOR_H
#define NFT_DROPS_JIT_MATCH_SELECTOR_H

#include "bpf/shared/select.h"

#include <cstdint>
#include <string>

namespace nft_drops::jit {

struct Selector {
	nd_select_kind kind = ND_SELECT_ALL;
	uint8_t family = 0; // NFPROTO_* of the table
	std::string table{};
	std::string chain{}; // not of ND_SELECT_TABLE
	uint64_t handle = 0; // ND_SELECT_RULE
};

} // namespace nft_drops::jit

#endif
