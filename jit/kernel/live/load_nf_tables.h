// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_JIT_KERNEL_LIVE_LOAD_NF_TABLES_H
#define NFT_DROPS_JIT_KERNEL_LIVE_LOAD_NF_TABLES_H

#include "jit/base/result.h"

#include <cstdint>

namespace nft_drops::jit {

// Asks nf_tables for the generation of this namespace's ruleset, as nft does first: the kernel then loads nfnetlink and
// nf_tables if they are modules and not loaded yet. Changes nothing. Fails with kMachine where this kernel cannot have
// nf_tables.
Result<uint32_t> load_nf_tables();

} // namespace nft_drops::jit

#endif
