// SPDX-License-Identifier: GPL-2.0-only
#include "jit/machine/aarch64/arithmetic.h"
#include "jit/machine/aarch64/decode.h"

#include <bit>

namespace nft_drops::jit::aarch64 {
namespace {

class Word {
public:
	Word(uint32_t word, uint64_t address) : word_(word), address_(address) {}

	Semantics understand() const {
		switch (bits(28, 25)) {
		case 0b1000:
		case 0b1001:
			return immediate();
		case 0b1010:
		case 0b1011:
			return branch_or_system();
		case 0b0100:
		case 0b0110:
		case 0b1100:
		case 0b1110:
			return is(26) ? Semantics{} : memory();
		case 0b0101:
		case 0b1101:
			return registers();
		default:
			return word_ >> 16 ? Semantics{} : Semantics{.op = Op::kTrap}; // udf
		}
	}

private:
	[[nodiscard]] uint32_t bits(unsigned high, unsigned low) const {
		return word_ >> low & ((uint32_t{2} << (high - low)) - 1);
	}
	[[nodiscard]] bool is(unsigned bit) const { return (word_ >> bit & 1) != 0; }
	[[nodiscard]] bool matches(uint32_t mask, uint32_t value) const { return (word_ & mask) == value; }
	[[nodiscard]] uint64_t signed_bits(unsigned high, unsigned low) const {
		return sign_extend(bits(high, low), high - low + 1);
	}
	// A register number; 31 is the zero register here, and the stack pointer there.
	[[nodiscard]] uint8_t reg(unsigned low) const {
		const uint32_t r = bits(low + 4, low);
		return r == 31 ? static_cast<uint8_t>(kZero) : static_cast<uint8_t>(r);
	}
	[[nodiscard]] uint8_t reg_or_sp(unsigned low) const { return static_cast<uint8_t>(bits(low + 4, low)); }
	[[nodiscard]] uint8_t width() const { return is(31) ? 8 : 4; }

	[[nodiscard]] Semantics immediate() const {
		Semantics m{.bytes = width(), .rd = reg(0), .rn = reg(5), .has_immediate = true};
		switch (bits(25, 23)) {
		case 0b000:
		case 0b001: { // adr, adrp
			const uint64_t offset = sign_extend(bits(23, 5) << 2 | bits(30, 29), 21);
			m.op = Op::kConstant;
			m.bytes = 8;
			m.imm = is(31) ? (address_ & ~uint64_t{0xfff}) + (offset << 12) : address_ + offset;
			return m;
		}
		case 0b010:
			m.op = Op::kAdd;
			m.invert = is(30);
			m.sets_flags = is(29);
			m.rn = reg_or_sp(5);
			if (!m.sets_flags) m.rd = reg_or_sp(0);
			m.imm = uint64_t{bits(21, 10)} << (is(22) ? 12 : 0);
			return m;
		case 0b100:
			logical(m);
			m.imm = bit_mask();
			if (!m.sets_flags) m.rd = reg_or_sp(0);
			return m;
		case 0b101:
			m.amount = static_cast<uint8_t>(16 * bits(22, 21));
			m.imm = bits(20, 5);
			m.op = bits(30, 29) == 3 ? Op::kMovk : Op::kConstant;
			if (m.op == Op::kConstant) m.imm <<= m.amount;
			if (bits(30, 29) == 0) m.imm = ~m.imm;
			return m;
		case 0b110:
			m.op = Op::kBitfield;
			m.is_signed = bits(30, 29) == 0;
			m.part = bits(30, 29) == 1;
			m.amount = static_cast<uint8_t>(bits(21, 16));
			m.width = static_cast<uint8_t>(bits(15, 10));
			return m;
		case 0b111:
			m.op = Op::kExtract;
			m.rm = reg(16);
			m.amount = static_cast<uint8_t>(bits(15, 10));
			return m;
		default: // with tags
			return {};
		}
	}

	void logical(Semantics &m) const {
		constexpr Op kOps[] = {Op::kAnd, Op::kOr, Op::kXor, Op::kAnd};
		m.op = kOps[bits(30, 29)];
		m.sets_flags = bits(30, 29) == 3;
	}

	// DecodeBitMasks() of the manual: a run of ones, rotated, repeated.
	[[nodiscard]] uint64_t bit_mask() const {
		const uint32_t immr = bits(21, 16);
		const uint32_t imms = bits(15, 10);
		const auto log = static_cast<unsigned>(std::bit_width(bits(22, 22) << 6 | (~imms & 0x3f)) - 1);
		const unsigned size = 1U << log;
		const unsigned ones = (imms & (size - 1)) + 1;
		const unsigned rotate = immr & (size - 1);
		const uint64_t all = size == 64 ? ~uint64_t{0} : (uint64_t{1} << size) - 1;
		uint64_t run = ones == 64 ? ~uint64_t{0} : (uint64_t{1} << ones) - 1;
		if (rotate) run = (run >> rotate | run << (size - rotate)) & all;
		for (unsigned filled = size; filled < 64; filled *= 2)
			run |= run << filled;
		return run;
	}

	[[nodiscard]] Semantics registers() const {
		Semantics m{.bytes = width(), .rd = reg(0), .rn = reg(5), .rm = reg(16)};
		m.shift = static_cast<ShiftKind>(bits(23, 22));
		if (bits(28, 24) == 0b01010) {
			logical(m);
			m.invert = is(21);
			m.amount = static_cast<uint8_t>(bits(15, 10));
			return m;
		}
		if (bits(28, 24) == 0b01011) {
			m.op = Op::kAdd;
			m.invert = is(30);
			m.sets_flags = is(29);
			m.amount = static_cast<uint8_t>(bits(15, 10));
			if (!is(21)) return m;
			m.amount &= 7;
			m.extend = static_cast<uint8_t>(1 + bits(15, 13));
			m.rn = reg_or_sp(5);
			if (!m.sets_flags) m.rd = reg_or_sp(0);
			return m;
		}
		if (bits(28, 24) == 0b11011) return multiplication(m);
		switch (bits(28, 21)) {
		case 0b11010000:
			if (bits(15, 10)) return {}; // rmif and setf
			m.op = Op::kAddCarry;
			m.invert = is(30);
			m.sets_flags = is(29);
			return m;
		case 0b11010010:
			m.op = Op::kCompareIf;
			m.invert = is(30);
			m.has_immediate = is(11);
			m.imm = bits(20, 16);
			m.condition = static_cast<uint8_t>(bits(15, 12));
			m.nzcv = static_cast<uint8_t>(bits(3, 0));
			return m;
		case 0b11010100:
			m.op = Op::kSelect;
			m.condition = static_cast<uint8_t>(bits(15, 12));
			m.invert = is(30);
			m.part = is(10);
			return m;
		case 0b11010110:
			return is(30) ? of_one(m) : of_two(m);
		default:
			return {};
		}
	}

	[[nodiscard]] Semantics multiplication(Semantics m) const {
		m.ra = reg(10);
		m.invert = is(15);
		m.is_signed = !is(23);
		m.op = Op::kMultiplyAdd;
		switch (bits(22, 21)) {
		case 0b00:
			return is(23) ? Semantics{} : m;
		case 0b01:
			m.part = 1;
			return m;
		case 0b10:
			m.op = Op::kMultiplyHigh;
			m.invert = false;
			return m;
		default:
			return {};
		}
	}

	[[nodiscard]] Semantics of_two(Semantics m) const {
		if (is(29)) return {};
		switch (bits(15, 10)) {
		case 0b000010:
		case 0b000011:
			m.op = Op::kDivide;
			m.is_signed = is(10);
			return m;
		case 0b001000:
		case 0b001001:
		case 0b001010:
		case 0b001011:
			m.op = Op::kShift;
			m.shift = static_cast<ShiftKind>(bits(11, 10));
			return m;
		default:
			return {};
		}
	}

	[[nodiscard]] Semantics of_one(Semantics m) const {
		if (is(29) || bits(20, 16)) return {}; // pointer authentication
		Reversal how = Reversal::kBits;
		switch (bits(15, 10)) {
		case 0b000000:
			break;
		case 0b000001:
			how = Reversal::kBytesOf16;
			break;
		case 0b000010:
			how = Reversal::kBytesOf32;
			break;
		case 0b000011:
			how = Reversal::kBytes;
			break;
		case 0b000100:
			how = Reversal::kLeadingZeros;
			break;
		case 0b000101:
			how = Reversal::kLeadingSigns;
			break;
		default:
			return {};
		}
		m.op = Op::kReverse;
		m.part = static_cast<uint8_t>(how);
		return m;
	}

	[[nodiscard]] Semantics memory() const {
		const auto size = static_cast<uint8_t>(1U << bits(31, 30));
		Semantics m{.bytes = size, .rd = reg(0), .rn = reg_or_sp(5), .rm = reg(16), .has_immediate = true};
		m.result_bytes = size == 8 ? 8 : 4;
		if (matches(0x3f000000, 0x08000000)) return exclusive(m);
		if (matches(0x3b000000, 0x18000000)) return literal(m);
		if (matches(0x3a000000, 0x28000000)) return pair(m);
		if (matches(0x3f200c00, 0x19000000)) { // ordered, with an offset
			load_or_store(m);
			m.imm = signed_bits(20, 12);
			return m;
		}
		if (matches(0x3b000000, 0x39000000)) {
			load_or_store(m);
			m.imm = uint64_t{bits(21, 10)} * size;
			return m;
		}
		if (!matches(0x3b000000, 0x38000000)) return {};
		if (!is(21)) {
			load_or_store(m);
			m.imm = signed_bits(20, 12);
			if (bits(11, 10) == 1) m.index = Index::kAfter;
			if (bits(11, 10) == 3) m.index = Index::kBefore;
			return m;
		}
		if (bits(11, 10) == 2) {
			load_or_store(m);
			m.has_immediate = false;
			m.extend = static_cast<uint8_t>(1 + bits(15, 13));
			m.amount = static_cast<uint8_t>(is(12) ? bits(31, 30) : 0);
			return m;
		}
		return bits(11, 10) == 0 ? atomic(m) : Semantics{};
	}

	// By the operation's bits: store, load, load with sign into 64 bits, into 32.
	void load_or_store(Semantics &m) const {
		m.op = bits(23, 22) ? Op::kLoad : Op::kStore;
		if (bits(23, 22) < 2) return;
		if (m.bytes == 8) {
			m = {.op = Op::kNop}; // prefetch
			return;
		}
		m.is_signed = true;
		m.result_bytes = is(22) ? 4 : 8;
	}

	[[nodiscard]] Semantics literal(Semantics m) const {
		m.op = bits(31, 30) == 3 ? Op::kNop : Op::kLoad;
		m.bytes = bits(31, 30) == 1 ? 8 : 4;
		m.is_signed = bits(31, 30) == 2;
		m.result_bytes = bits(31, 30) == 0 ? 4 : 8;
		m.rn = kZero;
		m.imm = address_ + (signed_bits(23, 5) << 2);
		return m;
	}

	[[nodiscard]] Semantics pair(Semantics m) const {
		if (is(30) && !is(22)) return {}; // tags
		m.op = is(22) ? Op::kLoadPair : Op::kStorePair;
		m.ra = reg(10);
		m.bytes = is(31) ? 8 : 4;
		m.is_signed = is(30);
		m.result_bytes = is(30) || is(31) ? 8 : 4;
		m.imm = signed_bits(21, 15) * m.bytes;
		if (bits(24, 23) == 1) m.index = Index::kAfter;
		if (bits(24, 23) == 3) m.index = Index::kBefore;
		return m;
	}

	[[nodiscard]] Semantics exclusive(Semantics m) const {
		m.ra = reg(10);
		if (is(23) && is(21)) {
			if (m.ra != kZero) return {};
			m.op = Op::kCompareAndSwap;
			return m;
		}
		if (is(21)) { // pairs
			if (!is(31) || !is(22)) return {};
			m.op = Op::kLoadPair;
			m.bytes = is(30) ? 8 : 4;
			m.result_bytes = m.bytes;
			return m;
		}
		m.op = is(22) ? Op::kLoad : is(23) ? Op::kStore : Op::kStoreExclusive;
		return m;
	}

	[[nodiscard]] Semantics atomic(Semantics m) const {
		if (is(15)) {
			if (bits(14, 12) == 4 && bits(20, 16) == 31) { // ldapr
				m.op = Op::kLoad;
				return m;
			}
			if (bits(14, 12) != 0) return {};
		}
		m.op = Op::kAtomic;
		m.part = is(15) ? static_cast<uint8_t>(Atomic::kSwap) : static_cast<uint8_t>(bits(14, 12));
		return m;
	}

	[[nodiscard]] Semantics branch_or_system() const {
		Semantics m{.bytes = width(), .rd = reg(0), .rn = reg(5)};
		if (matches(0x7c000000, 0x14000000)) {
			m.op = is(31) ? Op::kCall : Op::kJump;
			m.imm = address_ + (signed_bits(25, 0) << 2);
			m.has_immediate = true;
			return m;
		}
		if (matches(0xff000000, 0x54000000)) {
			m.op = Op::kBranchIf;
			m.condition = static_cast<uint8_t>(bits(3, 0));
			m.imm = address_ + (signed_bits(23, 5) << 2);
			return m;
		}
		if (matches(0x7e000000, 0x34000000)) {
			m.op = Op::kBranchZero;
			m.invert = is(24);
			m.imm = address_ + (signed_bits(23, 5) << 2);
			return m;
		}
		if (matches(0x7e000000, 0x36000000)) {
			m.op = Op::kBranchBit;
			m.invert = is(24);
			m.amount = static_cast<uint8_t>(bits(31, 31) << 5 | bits(23, 19));
			m.imm = address_ + (signed_bits(18, 5) << 2);
			return m;
		}
		if (matches(0xffe0001f, 0xd4200000)) return {.op = Op::kTrap}; // brk
		if (matches(0xfe000000, 0xd6000000)) return through_register(m);
		if (matches(0xffc00000, 0xd5000000)) return system(m);
		return {};
	}

	[[nodiscard]] Semantics through_register(Semantics m) const {
		// Plain, or with a key (x1 in the third bit): the address is then checked and otherwise the same.
		const uint32_t kind = bits(24, 21) & 7;
		if (bits(20, 16) != 31 || bits(24, 21) > 9 || kind > 2 || (is(24) && kind > 1)) return {};
		constexpr Op kOps[] = {Op::kJump, Op::kCall, Op::kReturn};
		m.op = kOps[kind];
		if (kind == 2 && bits(15, 10)) m.rn = kLink; // retaa, retab
		return m;
	}

	[[nodiscard]] Semantics system(Semantics m) const {
		if (matches(0xfffff01f, 0xd503201f)) {
			const uint32_t hint = bits(11, 5);
			// pacia1716 and its like work on x17. Those on x30 undo each other, or do nothing.
			if (hint >= 8 && hint <= 14) return {};
			m.op = Op::kNop;
			return m;
		}
		if (matches(0xfffff000, 0xd5033000)) return {.op = Op::kNop}; // barriers
		constexpr uint32_t kNzcv = 0xd51b4200;
		if (matches(0xfff80000, 0xd5000000) || matches(0xffffffe0, kNzcv)) return {}; // may change the flags
		if (matches(0xfff00000, 0xd5100000)) return {.op = Op::kNop};                 // msr
		if (!matches(0xfff00000, 0xd5300000)) return {};
		m.op = Op::kReadSystem;
		m.imm = 0;
		// The current task and this processor's memory are nowhere in our world, but always at the same place.
		const uint32_t which = bits(20, 5);
		constexpr uint32_t kSpEl0 = 0xc208, kTpidrEl1 = 0xc684, kTpidrEl2 = 0xe682;
		if (which == kSpEl0) m.imm = 0x6500'0000'0000'0000;
		if (which == kTpidrEl1 || which == kTpidrEl2) m.imm = 0x6600'0000'0000'0000;
		return m;
	}

	uint32_t word_;
	uint64_t address_;
};

} // namespace

Semantics understand(uint32_t word, uint64_t address) {
	return Word(word, address).understand();
}

} // namespace nft_drops::jit::aarch64
