// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_JIT_RESOLVE_EXPLORE_H
#define NFT_DROPS_JIT_RESOLVE_EXPLORE_H

#include "jit/resolve/emulate.h"

#include <memory>

namespace nft_drops::jit {

// Every way through the function that was examined.
struct Paths {
	std::vector<std::unique_ptr<Scenario>> scenarios; // that the ways point to
	std::vector<Path> all;                            // without dead ends
	int jump_limit = 0;                               // NFT_JUMP_STACK_SIZE, as measured
	int64_t regs = 0;                                 // Path::regs, the same on all of them
};

// Runs all scenarios with every setting of the static keys, takes every branch on an unknown value both ways, and leads
// the function into each expression that it evaluates inline. Fails with kMachine where anything is not understood.
Result<Paths> explore(const Emulator &emulator);

} // namespace nft_drops::jit

#endif
