// SPDX-License-Identifier: GPL-2.0-only
// Reading back what the kernel made of probes.
#ifndef NFT_DROPS_JIT_ATTACH_FORMS_H
#define NFT_DROPS_JIT_ATTACH_FORMS_H

#include "jit/kernel/live/kprobes.h"
#include "jit/kernel/types/kernel.h"
#include "jit/resolve/plan.h"

namespace nft_drops::jit {

// Tells for each site of the Plan whether its probe, of any owner, is a breakpoint or a jump. A probe that can become a
// jump becomes one some hundred milliseconds after it was attached.
ProbeForms probe_forms(const Plan &plan, const Kernel &kernel);
// Waits up to two seconds until all possible jumps are made, then does as probe_forms().
ProbeForms settled_probe_forms(const Plan &plan, const Kernel &kernel);

} // namespace nft_drops::jit

#endif
