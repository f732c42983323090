// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_JIT_KERNEL_LIVE_ENTRY_H
#define NFT_DROPS_JIT_KERNEL_LIVE_ENTRY_H

#include "jit/base/result.h"
#include "jit/kernel/live/symbols.h"

#include <span>

namespace nft_drops::jit {

// The symbol of nft_do_chain among `symbols`. A compiler may make a copy of the function for some
// callers ("nft_do_chain.constprop.0", ".isra.0"), or split a part off ("nft_do_chain.part.0"). The copy would have no
// probe: such a kernel is refused with kMachine. "nft_do_chain.cold" is read together with the function's entry. A lone
// "nft_do_chain.llvm.NUMBER" is the function itself, renamed by link-time optimisation.
Result<const Symbol *> find_entry(std::span<const Symbol> symbols);

} // namespace nft_drops::jit

#endif
