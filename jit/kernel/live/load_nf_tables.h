// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_JIT_KERNEL_LIVE_LOAD_NF_TABLES_H
#define NFT_DROPS_JIT_KERNEL_LIVE_LOAD_NF_TABLES_H

#include "jit/base/result.h"

#include <cstdint>

namespace nft_drops::jit {

// Asks nf_tables for the generation of the present network namespace's ruleset, as nft does first. The request makes
// the kernel load the modules nfnetlink and nf_tables. No ruleset changes. Fails with kMachine if the kernel has no
// nf_tables.
Result<uint32_t> load_nf_tables();

} // namespace nft_drops::jit

#endif
