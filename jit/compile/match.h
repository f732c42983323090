// SPDX-License-Identifier: GPL-2.0-only
// A filter as LLVM IR: private to jit/compile and to its tests.
#ifndef NFT_DROPS_JIT_COMPILE_MATCH_H
#define NFT_DROPS_JIT_COMPILE_MATCH_H

#include "bpf/shared/site.h"
#include "jit/base/result.h"
#include "jit/match/program.h"

#include <llvm/IR/Module.h>

namespace nft_drops::jit {

// Whether this kernel can tell what the filter asks for. Fails with kMachine, naming the key.
Result<void> check_filter(const Filter &filter, const nd_layout &layout);

// Gives the probe template its function nd_match() (bpf/match.h): one straight line of code for each program, with an
// exit wherever the packet turns out not to match. Registers are LLVM values, so none of them is ever in memory. The
// functions of bpf/match.h that the filter calls must be in the module. An empty filter takes every packet. `freed`:
// the filter is asked about packets that other code than nf_tables freed, too (ND_MATCH_FREED of bpf/shared/match.h).
void define_match(llvm::Module &m, const Filter &filter, bool freed);

// Puts nd_match(), and each function that it needs, in place of its call (inline_calls.h). nd_decide(), too, where the
// program can load kernel memory (`loads`).
void inline_match(llvm::Module &m, bool loads);

} // namespace nft_drops::jit

#endif
