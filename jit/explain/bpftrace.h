// SPDX-License-Identifier: GPL-2.0-only
// The Plan as a bpftrace script: the probe of bpf/probe.bpf.c in words that bpftrace 0.17 to 0.27 know. All offsets are
// numbers, so that the script needs no types; it is right for one build of one kernel only, and says so.
#ifndef NFT_DROPS_JIT_EXPLAIN_BPFTRACE_H
#define NFT_DROPS_JIT_EXPLAIN_BPFTRACE_H

#include "jit/kernel/types/kernel.h"
#include "jit/resolve/plan.h"

#include <string>

namespace nft_drops::jit {

// Fails with kMachine where a site lies in a part of the function that bpftrace cannot name.
Result<std::string> bpftrace_script(const Plan &plan, const Kernel &kernel);

} // namespace nft_drops::jit

#endif
