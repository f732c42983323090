// SPDX-License-Identifier: GPL-2.0-only
// Finds the ruleset's generation in kernels without BTF of struct nftables_pernet, and in kernels without
// CONFIG_KALLSYMS_ALL, which have no symbol nf_tables_net_id. Stable kernels changed struct nftables_pernet too often
// to know its layouts by heart. The search therefore reads the structure in the running kernel.
#ifndef NFT_DROPS_JIT_KERNEL_LIVE_GENERATION_H
#define NFT_DROPS_JIT_KERNEL_LIVE_GENERATION_H

#include "jit/kernel/live/memory.h"
#include "jit/kernel/types/layout.h"

#include <cstdint>
#include <vector>

namespace nft_drops::jit {

struct GenerationPlace {
	nd_u32 pernet_id = 0; // nd_layout.pernet_id
	nd_field base_seq{};  // nd_layout.pernet_base_seq
};

// Every place that holds `generation` now and that looks like a struct nftables_pernet, as far as its types are known.
// Several places may hold the number by chance. Empty if there is no such place. `pernet_id` is the value of
// nf_tables_net_id, or 0 if unknown. `generation` is the present generation of the calling thread's network namespace.
std::vector<GenerationPlace> find_generation(uint32_t pernet_id, uint32_t generation, const Layout &layout,
                                             const KernelMemory &memory);

} // namespace nft_drops::jit

#endif
