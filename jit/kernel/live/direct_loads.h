// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_JIT_KERNEL_LIVE_DIRECT_LOADS_H
#define NFT_DROPS_JIT_KERNEL_LIVE_DIRECT_LOADS_H

#include "bpf/shared/site.h"

namespace nft_drops::jit {

// True if the running kernel loads a program that calls bpf_rdonly_cast(). BTF names the function even on a kernel
// without a BPF JIT, and such a kernel refuses the program.
bool takes_direct_loads(const nd_cast &how);

} // namespace nft_drops::jit

#endif
