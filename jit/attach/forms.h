// SPDX-License-Identifier: GPL-2.0-only
// Reading back what the kernel made of probes.
#ifndef NFT_DROPS_JIT_ATTACH_FORMS_H
#define NFT_DROPS_JIT_ATTACH_FORMS_H

#include "jit/kernel/live/kprobes.h"
#include "jit/kernel/types/kernel.h"
#include "jit/resolve/plan.h"

namespace nft_drops::jit {

// What the probe at each site of the Plan is by now, whoever's it is.
// A probe that can become a jump becomes one some hundred milliseconds after it was attached.
ProbeForms probe_forms(const Plan &plan, const Kernel &kernel);
// The same when all that can become a jump have, or after two seconds.
ProbeForms settled_probe_forms(const Plan &plan, const Kernel &kernel);

} // namespace nft_drops::jit

#endif
