// SPDX-License-Identifier: GPL-2.0-only
// What the fixtures call: evaluation, tracing, statistics, freeing. They do what the expression's data says, note what
// happened, and leave every register that a call may change with rubbish in it.
#ifndef NFT_DROPS_TESTS_UNIT_JIT_SUPPORT_RUNTIME_H
#define NFT_DROPS_TESTS_UNIT_JIT_SUPPORT_RUNTIME_H

#include "do_chain.h"

#include <cstdint>

namespace nft_drops::jit_test {

// Of the run that is going on. Plain memory: a signal handler reads it.
struct Witness {
	const fixture_layout *layout;
	int evaluations;
	int freed;
	const void *freed_what;
};
extern Witness witness;

using Eval = void (*)(const void *expr, void *regs, const void *pkt);
// By Expr::function.
extern const Eval kEvalFunctions[3];
// fixture_other.code of an expression that leaves the verdict alone.
constexpr uint32_t kLeaveAlone = 0xffffffff;

} // namespace nft_drops::jit_test

#endif
