// SPDX-License-Identifier: GPL-2.0-only
// The running kernel, read from its own memory.
#ifndef NFT_DROPS_JIT_KERNEL_LIVE_RUNNING_KERNEL_H
#define NFT_DROPS_JIT_KERNEL_LIVE_RUNNING_KERNEL_H

#include "jit/base/result.h"
#include "jit/kernel/types/kernel.h"

#include <vector>

namespace nft_drops::jit {

class KernelMemory;

// The layouts that the running kernel may have, likeliest first; nf_tables is loaded. With `keep`, what an earlier
// start of this program kept below /run/nft-drops is used, and what is found out is kept there.
Result<std::vector<Layout>> layouts_of_running_kernel(bool keep);

// Reads the code and whatever else depends on what is loaded now. nf_tables is loaded.
Result<Kernel> read_running_kernel(std::vector<Layout> layouts, const KernelMemory &memory);

// All of it in one go, loading nf_tables first where it is a module that is not loaded yet. Needs root.
Result<Kernel> read_running_kernel();

} // namespace nft_drops::jit

#endif
