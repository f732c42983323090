// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_JIT_RESOLVE_EXPLORE_H
#define NFT_DROPS_JIT_RESOLVE_EXPLORE_H

#include "jit/resolve/emulate.h"

#include <memory>

namespace nft_drops::jit {

// Every execution path through the function that was examined.
struct ExecutionPaths {
	std::vector<std::unique_ptr<Scenario>> scenarios; // that the branch choices point to
	std::vector<ExecutionPath> all;                   // dead ends are not among them
	int jump_limit = 0;                               // NFT_JUMP_STACK_SIZE, as measured
	int64_t regs = 0;                                 // ExecutionPath::regs, the same on all of them
};

// Runs all scenarios with every setting of the static keys, takes every branch on an unknown value both ways, and leads
// the function into each expression that it evaluates inline. Fails with kMachine where anything is not understood.
Result<ExecutionPaths> explore(const Emulator &emulator);

} // namespace nft_drops::jit

#endif
