// SPDX-License-Identifier: GPL-2.0-only
#include "jit/machine/aarch64/arithmetic.h"

namespace nft_drops::jit::aarch64 {
namespace {

using Bit = Flags::Bit;

Value get(uint8_t reg, unsigned bytes, const MachineState &s) {
	if (reg == kZero) return Value::known(0);
	const Value &v = s.registers[reg];
	if (bytes == 8) return v;
	return v.is_known() ? Value::known(v.bits & mask_of(bytes)) : part_of(v);
}

// Smaller results clear the rest of the register.
void set(uint8_t reg, unsigned bytes, Value v, MachineState &s) {
	if (reg == kZero) return;
	if (v.is_known())
		v.bits &= mask_of(bytes);
	else if (bytes != 8)
		v = part_of(v);
	s.registers[reg] = v;
}

// The second operand of arithmetic: an immediate, a shifted or an extended register.
Value second(const Semantics &m, const MachineState &s) {
	if (m.has_immediate) return Value::known(m.imm);
	const Value v = get(m.rm, m.bytes, s);
	if (v.is_known()) {
		return Value::known(m.extend ? extended(v.bits, m.extend - 1U, m.amount)
		                             : shifted(v.bits, m.shift, m.amount, m.bytes));
	}
	return m.amount == 0 && !m.extend ? v : part_of(v);
}

void add(const Semantics &m, MachineState &s) {
	const Value a = get(m.rn, m.bytes, s);
	const Value b = second(m, s);
	const bool plain = !m.extend && !m.amount && !m.has_immediate;
	if (m.invert) s.note_comparison(a, b);
	Value result = s.mixed(a, b);
	Flags flags;
	const bool equal = m.invert && ((plain && m.rn == m.rm) || a.same(b));
	if ((a.is_known() && b.is_known()) || equal) {
		const uint64_t x = equal ? 0 : a.bits;
		const uint64_t y = equal ? 0 : b.bits;
		const Sum sum = add_with_carry(x, m.invert ? ~y : y, m.invert, m.bytes);
		result = Value::known(sum.value);
		flags = sum.flags;
	} else if (b.is(0) && !m.sets_flags) {
		result = a;
	}
	set(m.rd, m.bytes, result, s);
	if (m.sets_flags) s.flags = flags;
}

void add_carry(const Semantics &m, MachineState &s) {
	const Value a = get(m.rn, m.bytes, s);
	const Value b = get(m.rm, m.bytes, s);
	Value result = s.mixed(a, b);
	Flags flags;
	if (a.is_known() && b.is_known() && s.flags.cf != Bit::kUnknown) {
		const Sum sum = add_with_carry(a.bits, m.invert ? ~b.bits : b.bits, s.flags.cf == Bit::kSet, m.bytes);
		result = Value::known(sum.value);
		flags = sum.flags;
	}
	set(m.rd, m.bytes, result, s);
	if (m.sets_flags) s.flags = flags;
}

void logic(const Semantics &m, MachineState &s) {
	const Value a = get(m.rn, m.bytes, s);
	Value b = second(m, s);
	const bool same_register = !m.has_immediate && !m.amount && !m.invert && m.rn == m.rm;
	if (b.is_known() && m.invert) b.bits = ~b.bits & mask_of(m.bytes);
	Value result = s.mixed(a, b);
	if (a.is_known() && b.is_known()) {
		result = Value::known(m.op == Op::kAnd  ? a.bits & b.bits
		                      : m.op == Op::kOr ? a.bits | b.bits
		                                        : a.bits ^ b.bits);
	} else if (m.op == Op::kAnd && (a.is(0) || b.is(0))) {
		result = Value::known(0);
	} else if (m.op == Op::kXor && !m.invert && (same_register || a.same(b))) {
		result = Value::known(0);
	} else if (m.op != Op::kAnd && a.is(0) && !m.invert) {
		result = b; // mov
	} else if (m.op != Op::kAnd && b.is(0)) {
		result = a;
	} else if (m.op != Op::kXor && same_register) {
		result = a;
	}
	set(m.rd, m.bytes, result, s);
	if (!m.sets_flags) return;
	s.flags = {};
	if (result.is_known()) s.flags = logic_flags(result.bits, m.bytes);
	s.flags.cf = s.flags.of = Bit::kClear;
}

void select(const Semantics &m, MachineState &s) {
	const Value yes = get(m.rn, m.bytes, s);
	Value no = get(m.rm, m.bytes, s);
	if (m.invert || m.part) { // csinv, csinc, csneg
		no = no.is_known() ? Value::known((m.invert ? ~no.bits : no.bits) + m.part) : part_of(no);
		if (no.is_known()) no.bits &= mask_of(m.bytes);
	}
	const Bit c = condition(s.flags, m.condition);
	if (c == Bit::kUnknown)
		set(m.rd, m.bytes, yes.same(no) ? yes : s.mixed(yes, no), s);
	else
		set(m.rd, m.bytes, c == Bit::kSet ? yes : no, s);
}

void compare_if(const Semantics &m, MachineState &s) {
	const Bit c = condition(s.flags, m.condition);
	if (c == Bit::kClear) {
		s.flags = flags_of(m.nzcv);
		return;
	}
	Semantics compare = m;
	compare.op = Op::kAdd;
	compare.sets_flags = true;
	compare.rd = kZero;
	compare.amount = compare.extend = 0;
	add(compare, s);
	if (c == Bit::kUnknown) s.flags = {};
}

void multiply_add(const Semantics &m, MachineState &s) {
	// The long forms multiply the lower halves, and take and give whole registers.
	const bool is_long = m.part != 0;
	Value a = get(m.rn, is_long ? 4 : m.bytes, s);
	Value b = get(m.rm, is_long ? 4 : m.bytes, s);
	const Value to = get(m.ra, m.bytes, s);
	if (!to.is_known() || ((!a.is_known() || !b.is_known()) && !a.is(0) && !b.is(0))) {
		set(m.rd, m.bytes, part_of(s.mixed(s.mixed(a, b), to)), s);
		return;
	}
	if (is_long && m.is_signed) {
		a.bits = sign_extend(a.bits, 32);
		b.bits = sign_extend(b.bits, 32);
	}
	const uint64_t product = a.is(0) || b.is(0) ? 0 : a.bits * b.bits;
	set(m.rd, m.bytes, Value::known(m.invert ? to.bits - product : to.bits + product), s);
}

// Operations whose result is known if both operands are.
void of_two(const Semantics &m, MachineState &s) {
	const Value a = get(m.rn, m.bytes, s);
	const Value b = get(m.rm, m.bytes, s);
	if (!a.is_known() || !b.is_known()) {
		set(m.rd, m.bytes, s.mixed(a, b), s);
		return;
	}
	uint64_t r = 0;
	switch (m.op) {
	case Op::kShift:
		r = shifted(a.bits, m.shift, static_cast<unsigned>(b.bits % (8 * m.bytes)), m.bytes);
		break;
	case Op::kDivide:
		r = divided(a.bits, b.bits, m.is_signed, m.bytes);
		break;
	case Op::kMultiplyHigh:
		r = multiplied_high(a.bits, b.bits, m.is_signed);
		break;
	default: // kExtract
		r = m.amount ? b.bits >> m.amount | a.bits << (8 * m.bytes - m.amount) : b.bits;
		break;
	}
	set(m.rd, m.bytes, Value::known(r), s);
}

void of_one(const Semantics &m, MachineState &s) {
	const Value v = get(m.rn, m.bytes, s);
	const Value before = get(m.op == Op::kBitfield && m.part ? m.rd : static_cast<uint8_t>(kZero), m.bytes, s);
	if (!v.is_known() || !before.is_known()) {
		set(m.rd, m.bytes, s.mixed(v, before), s);
		return;
	}
	const uint64_t r = m.op == Op::kBitfield ? bitfield(m, v.bits, before.bits)
	                                         : reversed(v.bits, static_cast<Reversal>(m.part), m.bytes);
	set(m.rd, m.bytes, Value::known(r), s);
}

// The address of a memory access. A written-back base register changes when the access is done.
Value address_of(const Semantics &m, const MachineState &s) {
	if (m.rn == kZero) return Value::known(m.imm); // a literal
	const Value base = get(m.rn, 8, s);
	if (m.index == Index::kAfter) return base;
	Value offset = Value::known(m.imm);
	if (!m.has_immediate) {
		offset = get(m.rm, 8, s);
		offset = offset.is_known() ? Value::known(extended(offset.bits, m.extend - 1U, m.amount))
		                           : part_of(offset);
	}
	if (!base.is_known() || !offset.is_known()) return s.mixed(base, offset);
	return Value::known(base.bits + offset.bits);
}

Value plus(Value address, uint64_t bytes) {
	if (address.is_known()) address.bits += bytes;
	return address;
}

void write_back(const Semantics &m, MachineState &s) {
	if (m.index == Index::kNone) return;
	Value &base = s.registers[m.rn];
	base = base.is_known() ? Value::known(base.bits + m.imm) : s.mixed(base, base);
}

Value loaded(const Semantics &m, Value address, const MachineState &s) {
	Value v = s.load(address, m.bytes);
	if (!v.is_known()) return m.bytes == 8 ? v : part_of(v);
	if (m.is_signed) v.bits = sign_extend(v.bits, 8 * m.bytes);
	return v;
}

void access(const Semantics &m, MachineState &s) {
	const Value at = address_of(m, s);
	const Value next = plus(at, m.bytes);
	switch (m.op) {
	case Op::kLoadPair: {
		const Value a = loaded(m, at, s);
		const Value b = loaded(m, next, s);
		write_back(m, s);
		set(m.rd, m.result_bytes, a, s);
		set(m.ra, m.result_bytes, b, s);
		return;
	}
	case Op::kLoad: {
		const Value v = loaded(m, at, s);
		write_back(m, s);
		set(m.rd, m.result_bytes, v, s);
		return;
	}
	case Op::kStorePair:
		s.store(at, m.bytes, get(m.rd, m.bytes, s));
		s.store(next, m.bytes, get(m.ra, m.bytes, s));
		break;
	default:
		s.store(at, m.bytes, get(m.rd, m.bytes, s));
		break;
	}
	write_back(m, s);
	// It succeeds at last: until then, the same happens again.
	if (m.op == Op::kStoreExclusive) set(m.rm, 4, Value::known(0), s);
}

void atomic_access(const Semantics &m, MachineState &s) {
	const Value at = get(m.rn, 8, s);
	const Value old = loaded(m, at, s);
	const Value with = get(m.rm, m.bytes, s);
	if (m.op == Op::kCompareAndSwap) {
		const Value to = get(m.rd, m.bytes, s);
		if (!old.is_known() || !with.is_known())
			s.store(at, m.bytes, s.mixed(old, to));
		else if (old.bits == with.bits)
			s.store(at, m.bytes, to);
		set(m.rm, m.result_bytes, old, s);
		return;
	}
	Value result = s.mixed(old, with);
	if (static_cast<Atomic>(m.part) == Atomic::kSwap)
		result = with;
	else if (old.is_known() && with.is_known())
		result = Value::known(atomic(static_cast<Atomic>(m.part), old.bits, with.bits, m.bytes));
	s.store(at, m.bytes, result);
	set(m.rd, m.result_bytes, old, s);
}

Step branch(Bit taken, uint64_t target) {
	if (taken == Bit::kClear) return {};
	return {.kind = taken == Bit::kSet ? Step::Kind::kGoto : Step::Kind::kFork, .target = Value::known(target)};
}

} // namespace

Step execute(const Semantics &m, const Instruction &at, MachineState &s) {
	switch (m.op) {
	case Op::kConstant:
		set(m.rd, m.bytes, Value::known(m.imm), s);
		break;
	case Op::kMovk: {
		Value v = get(m.rd, m.bytes, s);
		if (v.is_known()) v.bits = (v.bits & ~(uint64_t{0xffff} << m.amount)) | m.imm << m.amount;
		set(m.rd, m.bytes, v.is_known() ? v : part_of(v), s);
		break;
	}
	case Op::kAdd:
		add(m, s);
		break;
	case Op::kAddCarry:
		add_carry(m, s);
		break;
	case Op::kAnd:
	case Op::kOr:
	case Op::kXor:
		logic(m, s);
		break;
	case Op::kBitfield:
	case Op::kReverse:
		of_one(m, s);
		break;
	case Op::kExtract:
	case Op::kShift:
	case Op::kDivide:
	case Op::kMultiplyHigh:
		of_two(m, s);
		break;
	case Op::kSelect:
		select(m, s);
		break;
	case Op::kCompareIf:
		compare_if(m, s);
		break;
	case Op::kMultiplyAdd:
		multiply_add(m, s);
		break;
	case Op::kLoad:
	case Op::kStore:
	case Op::kLoadPair:
	case Op::kStorePair:
	case Op::kStoreExclusive:
		access(m, s);
		break;
	case Op::kAtomic:
	case Op::kCompareAndSwap:
		atomic_access(m, s);
		break;
	case Op::kBranchIf:
		return branch(condition(s.flags, m.condition), at.target);
	case Op::kBranchZero: {
		const Value v = get(m.rd, m.bytes, s);
		return branch(v.is_known() ? bit((v.bits == 0) != m.invert) : Bit::kUnknown, at.target);
	}
	case Op::kBranchBit: {
		const Value v = get(m.rd, 8, s);
		return branch(v.is_known() ? bit((v.bits >> m.amount & 1) == (m.invert ? 1 : 0)) : Bit::kUnknown,
		              at.target);
	}
	case Op::kJump:
	case Op::kCall:
		return {.kind = m.op == Op::kJump ? Step::Kind::kGoto : Step::Kind::kCall,
		        .target = at.indirect ? get(m.rn, 8, s) : Value::known(at.target)};
	case Op::kReturn:
		return {.kind = Step::Kind::kReturn, .target = get(m.rn, 8, s)};
	case Op::kReadSystem:
		set(m.rd, 8, m.imm ? Value::known(m.imm) : Value::outside(), s);
		break;
	case Op::kNop:
		break;
	case Op::kTrap:
		return {.kind = Step::Kind::kTrap};
	case Op::kClobber:
		if (m.unclear) return {.kind = Step::Kind::kUnclear, .why = m.unclear};
		for (uint8_t r : m.clobbers)
			s.registers[r] = Value::unknown();
		s.flags = {};
		break;
	}
	return {};
}

} // namespace nft_drops::jit::aarch64
