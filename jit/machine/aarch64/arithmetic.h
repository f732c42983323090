// SPDX-License-Identifier: GPL-2.0-only
// AArch64's operations on known numbers.
#ifndef NFT_DROPS_JIT_MACHINE_AARCH64_ARITHMETIC_H
#define NFT_DROPS_JIT_MACHINE_AARCH64_ARITHMETIC_H

#include "jit/machine/aarch64/semantics.h"

namespace nft_drops::jit::aarch64 {

// Whether a condition (0: eq to 14: al) holds.
Flags::Bit condition(const Flags &f, unsigned cond);
// From the four bits of an instruction: N, Z, C, V.
Flags flags_of(unsigned nzcv);
// N and Z of a result; C and V clear.
Flags logic_flags(uint64_t result, unsigned bytes);

uint64_t sign_extend(uint64_t v, unsigned bits);
uint64_t shifted(uint64_t v, ShiftKind kind, unsigned amount, unsigned bytes);
// An extended register: `option` 0 to 7 is uxtb, uxth, uxtw, uxtx, sxtb, sxth, sxtw, sxtx.
uint64_t extended(uint64_t v, unsigned option, unsigned amount);
// sbfm, bfm, ubfm: `before` is the destination's old content, of bfm only.
uint64_t bitfield(const Semantics &m, uint64_t v, uint64_t before);
uint64_t reversed(uint64_t v, Reversal how, unsigned bytes);
uint64_t divided(uint64_t a, uint64_t b, bool is_signed, unsigned bytes);
uint64_t multiplied_high(uint64_t a, uint64_t b, bool is_signed);
uint64_t atomic(Atomic what, uint64_t old, uint64_t with, unsigned bytes);

} // namespace nft_drops::jit::aarch64

#endif
