// SPDX-License-Identifier: GPL-2.0-only
#include "jit/machine/flags.h"

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

} // namespace nft_drops::jit
