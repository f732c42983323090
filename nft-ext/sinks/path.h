// SPDX-License-Identifier: GPL-2.0-only
// The way from the base chain to the rule that dropped, in one line:
//
//	input -> jump ZONES (handle 176) -> drop (handle 215)
//
// A rule with a verdict map names no chain: `-> vmap (handle 9) -> ZONES`. `-> goto LAN` is a goto in between, of which
// the kernel keeps no trace but where it led. `?` stands for a rule that is gone.
#ifndef NFT_DROPS_NFT_EXT_SINKS_PATH_H
#define NFT_DROPS_NFT_EXT_SINKS_PATH_H

#include "bpf/shared/event.h"
#include "nft-ext/ruleset/index/answer.h"

#include <string>

namespace nft_drops {

// Nothing where the path is not known. Names are escaped as words.
void append_path(std::string &out, const nd_event &event, const Answer &answer);

} // namespace nft_drops

#endif
