// SPDX-License-Identifier: GPL-2.0-only
#include "jit/resolve/flags.h"

#include "jit/resolve/value.h"

namespace nft_drops::jit {

using Bit = Flags::Bit;

Bit opposite(Bit b) {
	if (b == Bit::kUnknown) return b;
	return b == Bit::kSet ? Bit::kClear : Bit::kSet;
}

Bit either(Bit a, Bit b) {
	if (a == Bit::kSet || b == Bit::kSet) return Bit::kSet;
	return a == Bit::kUnknown || b == Bit::kUnknown ? Bit::kUnknown : Bit::kClear;
}

Bit differ(Bit a, Bit b) {
	if (a == Bit::kUnknown || b == Bit::kUnknown) return Bit::kUnknown;
	return bit(a != b);
}

void set_zero_sign(Flags &f, uint64_t result, unsigned bytes) {
	f.zf = bit((result & mask_of(bytes)) == 0);
	f.sf = bit((result >> (8 * bytes - 1)) & 1);
}

Sum add_with_carry(uint64_t a, uint64_t b, bool carry, unsigned bytes) {
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
