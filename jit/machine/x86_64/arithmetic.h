// SPDX-License-Identifier: GPL-2.0-only
// x86-64's arithmetic on known numbers, with all flags. What Intel's manual leaves undefined is unknown.
#ifndef NFT_DROPS_JIT_MACHINE_X86_64_ARITHMETIC_H
#define NFT_DROPS_JIT_MACHINE_X86_64_ARITHMETIC_H

#include "jit/machine/x86_64/semantics.h"

namespace nft_drops::jit::x86_64 {

uint64_t sign_extend(uint64_t v, unsigned bytes);

// Intel's condition codes; the lowest bit inverts.
Flags::Bit condition(const Flags &f, unsigned cc);

struct Computed {
	Value value;
	Flags flags;
};

Computed logic(uint64_t r, unsigned bytes);

// All operations on two known numbers (or one, and whatever).
Computed compute(const Semantics &m, uint64_t a, uint64_t b, const Flags &before);

} // namespace nft_drops::jit::x86_64

#endif
