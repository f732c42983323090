// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_JIT_RESOLVE_CHOOSE_H
#define NFT_DROPS_JIT_RESOLVE_CHOOSE_H

#include "jit/resolve/explore.h"
#include "jit/resolve/plan.h"

#include <span>

namespace nft_drops::jit {

// The cheapest set of sites that together see every dropped packet of `paths` exactly once, before it is freed, with
// every fact at hand. Fails with kMachine where there is none.
Result<std::vector<PlannedSite>> choose_sites(const Code &code, const Architecture &arch, const Emulator &emulator,
                                              const ExecutionPaths &paths, const Layout &layout);

// Gives each site the number of its program, and what its program tells it by (nd_site.counter_bits). All sites have
// one program, but for those whose addresses are alike there.
void share_programs(std::span<PlannedSite> sites, const Architecture &arch);

} // namespace nft_drops::jit

#endif
