// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_JIT_CACHE_LAYOUT_BYTES_H
#define NFT_DROPS_JIT_CACHE_LAYOUT_BYTES_H

#include "jit/kernel/layout.h"

namespace nft_drops::jit {

// Calls `each` with every member of a Layout, const or not. The structured binding names them all: a member that is
// added and forgotten here does not compile.
void layout_members(auto &layout, auto each) {
	auto &[probe, ruleset, module, kprobe] = layout;
	each(probe);
	each(ruleset);
	each(module);
	each(kprobe);
}

} // namespace nft_drops::jit

#endif
