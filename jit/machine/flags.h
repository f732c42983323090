// SPDX-License-Identifier: GPL-2.0-only
// Condition flags, each known or not.
#ifndef NFT_DROPS_JIT_MACHINE_FLAGS_H
#define NFT_DROPS_JIT_MACHINE_FLAGS_H

#include "jit/machine/value.h"

#include <cstdint>

namespace nft_drops::jit {

// AArch64's N, Z, C, V are sf, zf, cf, of here (with its own carry sense).
struct Flags {
	enum class Bit : uint8_t { kClear, kSet, kUnknown };
	Bit zf = Bit::kUnknown, sf = Bit::kUnknown, cf = Bit::kUnknown, of = Bit::kUnknown, pf = Bit::kUnknown;
};

inline Flags::Bit bit(bool b) {
	return b ? Flags::Bit::kSet : Flags::Bit::kClear;
}
Flags::Bit opposite(Flags::Bit b);
Flags::Bit either(Flags::Bit a, Flags::Bit b);
Flags::Bit differ(Flags::Bit a, Flags::Bit b);

// zf and sf of a result.
inline void set_zero_sign(Flags &f, uint64_t result, unsigned bytes) {
	f.zf = bit((result & mask_of(bytes)) == 0);
	f.sf = bit((result >> (8 * bytes - 1)) & 1);
}

struct Sum {
	uint64_t value;
	Flags flags; // zf, sf, cf (carry out), of
};
// a + b + carry in `bytes` bytes. a - b is a + ~b + 1: the carry out of it is the opposite of a borrow.
inline Sum add_with_carry(uint64_t a, uint64_t b, bool carry, unsigned bytes) {
	const uint64_t mask = mask_of(bytes);
	a &= mask;
	b &= mask;
	Sum s{.value = (a + b + (carry ? 1 : 0)) & mask, .flags = {}};
	set_zero_sign(s.flags, s.value, bytes);
	s.flags.cf = bit(s.value < a || (carry && s.value == a));
	s.flags.of = bit(((~(a ^ b) & (a ^ s.value)) >> (8 * bytes - 1)) & 1);
	return s;
}

} // namespace nft_drops::jit

#endif
