// SPDX-License-Identifier: GPL-2.0-only
// Where the ruleset's generation lies in struct nftables_pernet, for kernels that have this structure in no BTF. It was
// changed so often, in stable kernels too, that it is looked at in place of known by heart.
#ifndef NFT_DROPS_JIT_KERNEL_GENERATION_H
#define NFT_DROPS_JIT_KERNEL_GENERATION_H

#include "jit/kernel/layout.h"
#include "jit/kernel/memory.h"

#include <cstdint>
#include <vector>

namespace nft_drops::jit {

// What the member base_seq may be: every place that holds `generation` now, of which at most one is right by more than
// chance. Empty where none is found. `namespaces` is the address of the kernel's symbol net_namespace_list,
// `generation` that of this namespace's ruleset at this moment, `layout.probe.pernet_id` is known.
std::vector<nd_field> find_generation(uint64_t namespaces, uint32_t generation, const Layout &layout,
                                      const KernelMemory &memory);

} // namespace nft_drops::jit

#endif
