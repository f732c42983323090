// SPDX-License-Identifier: GPL-2.0-only
// Where the ruleset's generation lies, for kernels that do not tell: those that have struct nftables_pernet in no BTF
// (it was changed so often, in stable kernels too, that it is looked at in place of known by heart), and those without
// CONFIG_KALLSYMS_ALL, which have no symbol nf_tables_net_id.
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

// Every place that holds `generation` now, and looks like nf_tables' own as far as that is known; at most one is right
// by more than chance. Empty where none is found. `pernet_id` is the value of nf_tables_net_id, 0 where it is not
// known; `generation` is that of the calling thread's network namespace at this moment.
std::vector<GenerationPlace> find_generation(uint32_t pernet_id, uint32_t generation, const Layout &layout,
                                             const KernelMemory &memory);

} // namespace nft_drops::jit

#endif
