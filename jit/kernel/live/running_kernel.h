// SPDX-License-Identifier: GPL-2.0-only
// The running kernel, read from its own memory.
#ifndef NFT_DROPS_JIT_KERNEL_LIVE_RUNNING_KERNEL_H
#define NFT_DROPS_JIT_KERNEL_LIVE_RUNNING_KERNEL_H

#include "jit/base/result.h"
#include "jit/kernel/types/kernel.h"

namespace nft_drops::jit {

// Reads the running kernel, loading nf_tables first where it is a module that is not loaded yet. Needs root.
Result<Kernel> read_running_kernel();

} // namespace nft_drops::jit

#endif
