// SPDX-License-Identifier: GPL-2.0-only
// Reads the running kernel from its memory.
#ifndef NFT_DROPS_JIT_KERNEL_LIVE_RUNNING_KERNEL_H
#define NFT_DROPS_JIT_KERNEL_LIVE_RUNNING_KERNEL_H

#include "jit/base/result.h"
#include "jit/kernel/types/kernel.h"

#include <vector>

namespace nft_drops::jit {

class KernelMemory;

// The layouts that the running kernel may have, likeliest first. nf_tables must be loaded. With `keep`, the function
// uses the layouts that an earlier start kept below /run/nft-drops, or keeps them there.
Result<std::vector<Layout>> layouts_of_running_kernel(bool keep);

// Reads the code, and the addresses that depend on the loaded modules. nf_tables must be loaded.
Result<Kernel> read_running_kernel(std::vector<Layout> layouts, const KernelMemory &memory);

// Loads nf_tables if necessary, then calls the functions above. Needs root.
Result<Kernel> read_running_kernel();

} // namespace nft_drops::jit

#endif
