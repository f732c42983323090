// SPDX-License-Identifier: GPL-2.0-only
#include "jit/machine/aarch64/arithmetic.h"

#include <bit>

namespace nft_drops::jit::aarch64 {

using Bit = Flags::Bit;

Bit condition(const Flags &f, unsigned cond) {
	Bit b = Bit::kSet;
	switch (cond >> 1) {
	case 0:
		b = f.zf;
		break;
	case 1:
		b = f.cf;
		break;
	case 2:
		b = f.sf;
		break;
	case 3:
		b = f.of;
		break;
	case 4:
		b = opposite(either(opposite(f.cf), f.zf));
		break;
	case 5:
		b = opposite(differ(f.sf, f.of));
		break;
	case 6:
		b = opposite(either(f.zf, differ(f.sf, f.of)));
		break;
	default:
		return b; // always, either way
	}
	return cond & 1 ? opposite(b) : b;
}

Flags flags_of(unsigned nzcv) {
	Flags f;
	f.sf = bit((nzcv & 8) != 0);
	f.zf = bit((nzcv & 4) != 0);
	f.cf = bit((nzcv & 2) != 0);
	f.of = bit((nzcv & 1) != 0);
	return f;
}

Flags logic_flags(uint64_t result, unsigned bytes) {
	Flags f = flags_of(0);
	set_zero_sign(f, result, bytes);
	return f;
}

uint64_t sign_extend(uint64_t v, unsigned bits) {
	const unsigned unused = 64 - bits;
	return static_cast<uint64_t>(static_cast<int64_t>(v << unused) >> unused);
}

uint64_t shifted(uint64_t v, ShiftKind kind, unsigned amount, unsigned bytes) {
	const unsigned bits = 8 * bytes;
	amount %= bits;
	v &= mask_of(bytes);
	switch (kind) {
	case ShiftKind::kLeft:
		v <<= amount;
		break;
	case ShiftKind::kRight:
		v >>= amount;
		break;
	case ShiftKind::kArithmetic:
		v = static_cast<uint64_t>(static_cast<int64_t>(sign_extend(v, bits)) >> amount);
		break;
	case ShiftKind::kRotate:
		if (amount) v = v >> amount | v << (bits - amount);
		break;
	}
	return v & mask_of(bytes);
}

uint64_t extended(uint64_t v, unsigned option, unsigned amount) {
	const unsigned bytes = 1U << (option & 3);
	v &= mask_of(bytes);
	if (option & 4) v = sign_extend(v, 8 * bytes);
	return v << amount;
}

uint64_t bitfield(const Semantics &m, uint64_t v, uint64_t before) {
	const unsigned bits = 8 * m.bytes;
	const unsigned rotate = m.amount;
	const unsigned top = m.width;
	const auto ones = [](unsigned n) { return n >= 64 ? ~uint64_t{0} : (uint64_t{1} << n) - 1; };
	v &= mask_of(m.bytes);
	// Bits `rotate` to `top` come down to 0, or bits 0 to `top` go up to where a rotation brings them.
	const bool down = top >= rotate;
	const unsigned length = down ? top - rotate + 1 : top + 1;
	const unsigned to = down ? 0 : bits - rotate;
	const uint64_t field = (down ? v >> rotate : v) & ones(length);
	uint64_t result = field << to;
	if (m.is_signed) result = sign_extend(field, length) << to;
	if (m.part) result = (before & ~(ones(length) << to)) | result; // bfm
	return result & mask_of(m.bytes);
}

uint64_t reversed(uint64_t v, Reversal how, unsigned bytes) {
	const unsigned bits = 8 * bytes;
	v &= mask_of(bytes);
	switch (how) {
	case Reversal::kBits: {
		uint64_t r = 0;
		for (unsigned i = 0; i < bits; i++)
			r |= (v >> i & 1) << (bits - 1 - i);
		return r;
	}
	case Reversal::kBytesOf16:
		return (v & 0x00ff00ff00ff00ff) << 8 | (v >> 8 & 0x00ff00ff00ff00ff);
	case Reversal::kBytesOf32: {
		const uint64_t all = __builtin_bswap64(v);
		return bytes == 4 ? all >> 32 : all >> 32 | all << 32;
	}
	case Reversal::kBytes:
		return __builtin_bswap64(v);
	case Reversal::kLeadingZeros:
		return static_cast<uint64_t>(std::countl_zero(v)) - (64 - bits);
	case Reversal::kLeadingSigns: {
		const uint64_t wide = sign_extend(v, bits);
		return static_cast<uint64_t>(std::countl_zero((wide ^ wide << 1) | 1)) - (64 - bits);
	}
	}
	return 0;
}

uint64_t divided(uint64_t a, uint64_t b, bool is_signed, unsigned bytes) {
	a &= mask_of(bytes);
	b &= mask_of(bytes);
	if (b == 0) return 0;
	if (!is_signed) return a / b;
	const auto x = static_cast<int64_t>(sign_extend(a, 8 * bytes));
	const auto y = static_cast<int64_t>(sign_extend(b, 8 * bytes));
	if (y == -1) return (0 - a) & mask_of(bytes); // the lowest number stays what it is
	return static_cast<uint64_t>(x / y) & mask_of(bytes);
}

uint64_t multiplied_high(uint64_t a, uint64_t b, bool is_signed) {
	const uint64_t a_low = a & 0xffffffff, a_high = a >> 32, b_low = b & 0xffffffff, b_high = b >> 32;
	const uint64_t middle = (a_low * b_low >> 32) + (a_high * b_low & 0xffffffff) + a_low * b_high;
	// middle cannot overflow: (2^32-1) * 2 + (2^32-1)^2 is less than 2^64
	uint64_t high = a_high * b_high + (a_high * b_low >> 32) + (middle >> 32);
	if (is_signed && a >> 63) high -= b;
	if (is_signed && b >> 63) high -= a;
	return high;
}

uint64_t atomic(Atomic what, uint64_t old, uint64_t with, unsigned bytes) {
	const auto a = static_cast<int64_t>(sign_extend(old, 8 * bytes));
	const auto b = static_cast<int64_t>(sign_extend(with, 8 * bytes));
	old &= mask_of(bytes);
	with &= mask_of(bytes);
	switch (what) {
	case Atomic::kAdd:
		return old + with;
	case Atomic::kClear:
		return old & ~with;
	case Atomic::kXor:
		return old ^ with;
	case Atomic::kSet:
		return old | with;
	case Atomic::kSignedMax:
		return a > b ? old : with;
	case Atomic::kSignedMin:
		return a < b ? old : with;
	case Atomic::kMax:
		return old > with ? old : with;
	case Atomic::kMin:
		return old < with ? old : with;
	case Atomic::kSwap:
		return with;
	}
	return 0;
}

} // namespace nft_drops::jit::aarch64
