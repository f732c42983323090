// SPDX-License-Identifier: GPL-2.0-only
#include "jit/machine/x86_64/arithmetic.h"
#include "jit/machine/x86_64/semantics.h"

#include <algorithm>

namespace nft_drops::jit::x86_64 {
namespace {

using Bit = Flags::Bit;

Value address_of(const Operand &m, const Instruction &at, const MachineState &s) {
	uint64_t a = static_cast<uint64_t>(m.imm);
	if (m.segment) a += 0x6500'0000'0000'0000; // per-CPU memory: nowhere in our world
	const auto reg = [&](int8_t number) {
		if (number == kNoReg) return Value::known(0);
		if (number == kRip) return Value::known(at.address + at.size);
		return s.registers[static_cast<size_t>(number)];
	};
	const Value base = reg(m.reg);
	const Value index = reg(m.index);
	if (!base.is_known() || !index.is_known()) return s.mixed(base, index);
	return Value::known(a + base.bits + index.bits * m.scale);
}

Value get(const Operand &o, unsigned bytes, const Instruction &at, const MachineState &s) {
	switch (o.kind) {
	case Operand::Kind::kImm:
		return Value::known(static_cast<uint64_t>(o.imm) & mask_of(bytes));
	case Operand::Kind::kMem:
		return s.load(address_of(o, at, s), bytes);
	case Operand::Kind::kReg: {
		const Value &v = s.registers[static_cast<size_t>(o.reg)];
		const unsigned top = bytes + (o.high ? 1 : 0);
		if (v.is_known() || (v.kind == Value::Kind::kPartial && top <= v.low))
			return Value::known((o.high ? v.bits >> 8 : v.bits) & mask_of(bytes));
		return bytes == 8 && v.kind == Value::Kind::kOpaque ? v : part_of(v);
	}
	}
	return Value::unknown();
}

void set(const Operand &o, unsigned bytes, Value v, const Instruction &at, MachineState &s) {
	if (v.is_known()) v.bits &= mask_of(bytes);
	if (o.kind == Operand::Kind::kMem) {
		s.store(address_of(o, at, s), bytes, v);
		return;
	}
	Value &r = s.registers[static_cast<size_t>(o.reg)];
	if (bytes >= 4) { // a 32-bit result clears the upper half
		r = bytes == 4 && !v.is_known() ? part_of(v) : v;
		return;
	}
	if (!v.is_known()) {
		r = Value::unknown();
		return;
	}
	const unsigned shift = o.high ? 8 : 0;
	const uint64_t bits = (r.bits & ~(mask_of(bytes) << shift)) | v.bits << shift;
	if (r.is_known())
		r = Value::known(bits);
	else if (r.kind == Value::Kind::kPartial)
		r = Value::partial(bits, static_cast<uint8_t>(std::max<unsigned>(r.low, bytes)));
	else
		r = o.high ? Value::unknown() : Value::partial(v.bits, static_cast<uint8_t>(bytes));
	if (o.high && r.kind == Value::Kind::kPartial && r.low < 2) r = Value::unknown();
}

void arithmetic(const Semantics &m, const Instruction &at, MachineState &s) {
	const Value a = get(m.src[0], m.bytes, at, s);
	const Value b = get(m.src[1], m.second_bytes, at, s);
	if (m.op == Op::kCmp || m.op == Op::kSub) s.note_comparison(a, b);
	const bool needs_carry = m.op == Op::kAdc || m.op == Op::kSbb;
	const bool no_carry = needs_carry && s.flags.cf == Bit::kUnknown; // then nothing is known of the sum
	const bool cancels = m.op == Op::kSub || m.op == Op::kXor || m.op == Op::kCmp;
	const bool takes_itself = m.same_register ? cancels || m.op == Op::kSbb : cancels && a.same(b);
	Computed c{};
	if (!no_carry && a.is_known() && (m.unary || b.is_known())) {
		c = compute(m, a.bits, b.bits, s.flags);
	} else if (takes_itself && !no_carry) {
		c = compute(m, 0, 0, s.flags);
	} else if ((m.op == Op::kAnd || m.op == Op::kTest) && (a.is(0) || b.is(0))) {
		c = logic(0, m.bytes);
	} else if ((m.op == Op::kOr || m.op == Op::kAdd) && b.is(0)) {
		c.value = a;
	} else {
		c.value = m.unary ? part_of(a) : s.mixed(a, b);
	}
	if (m.has_dst) set(m.dst, m.bytes, c.value, at, s);
	if (m.op != Op::kNot) s.flags = c.flags;
}

void store_string(const Semantics &m, MachineState &s) {
	Value &count = s.registers[kRcx];
	Value &to = s.registers[kRdi];
	constexpr uint64_t kMost = MachineState::kStackBytes;
	if (!to.is_known() || (m.repeat && (!count.is_known() || count.bits > kMost))) {
		s.store(s.mixed(to, to), m.bytes, Value::unknown());
		to = count = Value::unknown();
		return;
	}
	const uint64_t n = m.repeat ? count.bits : 1;
	Value v = s.registers[kRax];
	if (v.is_known()) v.bits &= mask_of(m.bytes);
	for (uint64_t i = 0; i < n; i++)
		s.store(Value::known(to.bits + i * m.bytes), m.bytes, v);
	to.bits += n * m.bytes;
	if (m.repeat) count.bits = 0;
}

} // namespace

Step execute(const Semantics &m, const Instruction &at, MachineState &s) {
	Value &sp = s.registers[kRsp];
	switch (m.op) {
	case Op::kNop:
		return {};
	case Op::kMov:
		set(m.has_dst ? m.dst : m.src[0], m.bytes, get(m.src[m.has_dst ? 0 : 1], m.bytes, at, s), at, s);
		return {};
	case Op::kMovZx:
	case Op::kMovSx: {
		// The source's width: a register's own, or the digits that end the opcode's name (kept in cc).
		const unsigned from = m.src[0].kind == Operand::Kind::kReg ? m.src[0].bytes : m.cc;
		Value v = get(m.src[0], from, at, s);
		if (!v.is_known())
			v = part_of(v);
		else if (m.op == Op::kMovSx)
			v.bits = sign_extend(v.bits, from);
		set(m.dst, m.bytes, v, at, s);
		return {};
	}
	case Op::kLea: {
		Operand place = m.src[0];
		place.segment = false;
		set(m.dst, m.dst.bytes, address_of(place, at, s), at, s);
		return {};
	}
	case Op::kSetcc:
	case Op::kCmov: {
		const Bit c = condition(s.flags, m.cc);
		if (m.op == Op::kSetcc) {
			const Value v = c == Bit::kUnknown ? Value::outside() : Value::known(c == Bit::kSet);
			set(m.has_dst ? m.dst : m.src[0], 1, v, at, s);
			return {};
		}
		const Value no = get(m.src[0], m.bytes, at, s);
		const Value yes = get(m.src[1], m.bytes, at, s);
		const Value v = c == Bit::kUnknown ? (yes.same(no) ? yes : s.mixed(yes, no))
		                : c == Bit::kSet   ? yes
		                                   : no;
		set(m.dst, m.bytes, v, at, s);
		return {};
	}
	case Op::kJcc: {
		const Bit c = condition(s.flags, m.cc);
		if (c == Bit::kClear) return {};
		return {.kind = c == Bit::kSet ? Step::Kind::kGoto : Step::Kind::kFork,
		        .target = Value::known(at.target)};
	}
	case Op::kJmp:
	case Op::kCall: {
		const Value target = at.indirect ? get(m.src[0], 8, at, s) : Value::known(at.target);
		return {.kind = m.op == Op::kJmp ? Step::Kind::kGoto : Step::Kind::kCall, .target = target};
	}
	case Op::kRet:
		return {.kind = Step::Kind::kReturn, .target = s.load(sp, 8)};
	case Op::kTrap:
		return {.kind = Step::Kind::kTrap};
	case Op::kPush:
	case Op::kPop:
		if (!sp.is_known()) return {.kind = Step::Kind::kUnclear, .why = "the stack pointer is unknown"};
		if (m.op == Op::kPush) {
			const Value v = m.sources ? get(m.src[0], m.bytes, at, s) : Value::unknown();
			sp.bits -= m.bytes;
			s.store(sp, m.bytes, v);
		} else {
			const Value v = s.load(sp, m.bytes);
			sp.bits += m.bytes;
			// An address is computed with the stack pointer as it is afterwards.
			if (m.has_dst || m.sources) set(m.has_dst ? m.dst : m.src[0], m.bytes, v, at, s);
		}
		return {};
	case Op::kLeave:
		sp = s.registers[kRbp];
		s.registers[kRbp] = s.load(sp, 8);
		if (sp.is_known()) sp.bits += 8;
		return {};
	case Op::kXchg: {
		if (m.sources < 2) return {.kind = Step::Kind::kUnclear, .why = "exchange with one operand"};
		const Value a = get(m.src[0], m.bytes, at, s);
		const Value b = get(m.src[1], m.bytes, at, s);
		set(m.src[0], m.bytes, b, at, s);
		set(m.src[1], m.bytes, a, at, s);
		return {};
	}
	case Op::kStos:
		store_string(m, s);
		return {};
	case Op::kExtendAcc: {
		Value &a = s.registers[kRax];
		if (a.is_known()) a.bits = m.cc == 2 ? sign_extend(a.bits, 2) & mask_of(4) : sign_extend(a.bits, 4);
		return {};
	}
	case Op::kClobber:
		if (m.unclear) return {.kind = Step::Kind::kUnclear, .why = m.unclear};
		for (int8_t r : m.clobbers)
			s.registers[static_cast<size_t>(r)] = Value::unknown();
		s.flags = {};
		return {};
	default:
		arithmetic(m, at, s);
		return {};
	}
}

} // namespace nft_drops::jit::x86_64
