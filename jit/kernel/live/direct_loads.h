// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_JIT_KERNEL_LIVE_DIRECT_LOADS_H
#define NFT_DROPS_JIT_KERNEL_LIVE_DIRECT_LOADS_H

#include "bpf/shared/site.h"

namespace nft_drops::jit {

// Whether the running kernel takes a program that reads kernel memory like this: its types name the function, but it
// may have no compiler for BPF, or have it turned off.
bool takes_direct_loads(const nd_cast &how);

} // namespace nft_drops::jit

#endif
