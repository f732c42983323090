// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_JIT_KERNEL_LIVE_WELL_KNOWN_H
#define NFT_DROPS_JIT_KERNEL_LIVE_WELL_KNOWN_H

#include "bpf/shared/reader.h"

#include <optional>

namespace nft_drops::jit {

// Addresses of the kernel's own lists, found by a BPF program (bpf/finder.bpf.c). Nothing if the program finds none:
// the caller then reads /proc/kallsyms.
std::optional<nd_well_known> find_well_known();

} // namespace nft_drops::jit

#endif
