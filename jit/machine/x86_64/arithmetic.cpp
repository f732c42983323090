// SPDX-License-Identifier: GPL-2.0-only
#include "jit/machine/x86_64/arithmetic.h"

namespace nft_drops::jit::x86_64 {

using Bit = Flags::Bit;

namespace {

Bit parity(uint64_t result) {
	return bit(__builtin_parityll(result & 0xff) == 0);
}

void set_flags_of(Flags &f, uint64_t result, unsigned bytes) {
	set_zero_sign(f, result, bytes);
	f.pf = parity(result);
}

Computed add(uint64_t a, uint64_t b, bool carry, unsigned bytes) {
	const Sum sum = add_with_carry(a, b, carry, bytes);
	Computed c{Value::known(sum.value), sum.flags};
	c.flags.pf = parity(sum.value);
	return c;
}

Computed subtract(uint64_t a, uint64_t b, bool borrow, unsigned bytes) {
	Computed c = add(a, ~b, !borrow, bytes);
	c.flags.cf = opposite(c.flags.cf);
	return c;
}

Computed shift(Op op, uint64_t a, unsigned n, unsigned bytes, const Flags &before) {
	n &= bytes == 8 ? 63 : 31;
	if (n == 0) return {Value::known(a), before};
	Flags f;
	uint64_t r = 0;
	const bool all_out = n >= 8 * bytes; // the carry flag is undefined then
	if (op == Op::kShl) {
		r = n > 63 ? 0 : a << n;
		f.cf = all_out ? Bit::kUnknown : bit((a >> (8 * bytes - n)) & 1);
	} else if (op == Op::kShr) {
		r = a >> n;
		f.cf = all_out ? Bit::kUnknown : bit((a >> (n - 1)) & 1);
	} else {
		const auto wide = static_cast<int64_t>(sign_extend(a, bytes));
		r = static_cast<uint64_t>(wide >> n);
		f.cf = bit((wide >> (n - 1)) & 1);
	}
	set_flags_of(f, r, bytes);
	return {Value::known(r & mask_of(bytes)), f};
}

} // namespace

uint64_t sign_extend(uint64_t v, unsigned bytes) {
	const unsigned shift = 64 - 8 * bytes;
	return static_cast<uint64_t>(static_cast<int64_t>(v << shift) >> shift);
}

Bit condition(const Flags &f, unsigned cc) {
	Bit b = Bit::kUnknown;
	const Bit less = differ(f.sf, f.of);
	switch (cc >> 1) {
	case 0:
		b = f.of;
		break;
	case 1:
		b = f.cf;
		break;
	case 2:
		b = f.zf;
		break;
	case 3:
		b = either(f.cf, f.zf);
		break;
	case 4:
		b = f.sf;
		break;
	case 5:
		b = f.pf;
		break;
	case 6:
		b = less;
		break;
	case 7:
		b = either(f.zf, less);
		break;
	default:
		break;
	}
	return cc & 1 ? opposite(b) : b;
}

Computed logic(uint64_t r, unsigned bytes) {
	Flags f;
	set_flags_of(f, r, bytes);
	f.cf = f.of = Bit::kClear;
	return {Value::known(r & mask_of(bytes)), f};
}

Computed compute(const Semantics &m, uint64_t a, uint64_t b, const Flags &before) {
	const unsigned n = m.bytes;
	const bool carry = before.cf == Bit::kSet;
	switch (m.op) {
	case Op::kAdd:
		return add(a, b, false, n);
	case Op::kAdc:
		return add(a, b, carry, n);
	case Op::kSub:
	case Op::kCmp:
		return subtract(a, b, false, n);
	case Op::kSbb:
		return subtract(a, b, carry, n);
	case Op::kNeg:
		return subtract(0, a, false, n);
	case Op::kAnd:
	case Op::kTest:
		return logic(a & b, n);
	case Op::kOr:
		return logic(a | b, n);
	case Op::kXor:
		return logic(a ^ b, n);
	case Op::kNot:
		return {Value::known(~a & mask_of(n)), before};
	case Op::kInc:
	case Op::kDec: {
		Computed c = m.op == Op::kInc ? add(a, 1, false, n) : subtract(a, 1, false, n);
		c.flags.cf = before.cf;
		return c;
	}
	case Op::kShl:
	case Op::kShr:
	case Op::kSar:
		return shift(m.op, a, static_cast<unsigned>(b & 0xff), n, before);
	case Op::kImul:
		return {Value::known((a * b) & mask_of(n)), {}};
	case Op::kBt:
	case Op::kBts:
	case Op::kBtr:
	case Op::kBtc: {
		const uint64_t one = uint64_t{1} << (b & (8 * n - 1));
		Flags f; // but for the zero flag, the others are undefined
		f.zf = before.zf;
		f.cf = bit(a & one);
		const uint64_t r = m.op == Op::kBts   ? a | one
		                   : m.op == Op::kBtr ? a & ~one
		                   : m.op == Op::kBtc ? a ^ one
		                                      : a;
		return {Value::known(r), f};
	}
	default:
		return {};
	}
}

} // namespace nft_drops::jit::x86_64
