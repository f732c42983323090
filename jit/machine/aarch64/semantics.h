// SPDX-License-Identifier: GPL-2.0-only
// What an AArch64 instruction means: made by the decoder once, executed many times.
#ifndef NFT_DROPS_JIT_MACHINE_AARCH64_SEMANTICS_H
#define NFT_DROPS_JIT_MACHINE_AARCH64_SEMANTICS_H

#include "jit/machine/code.h"

#include <cstdint>
#include <vector>

namespace nft_drops::jit::aarch64 {

// Indices of MachineState::registers: x0 to x30, then the stack pointer. The zero register is none.
enum Reg : uint8_t { kX0 = 0, kPlatform = 18, kFirstKept = 19, kFrame = 29, kLink = 30, kSp = 31, kZero = 32 };

enum class Op : uint8_t {
	kConstant, // rd = imm: adr, adrp, movz, movn
	kMovk,     // 16 bits of rd at `amount` = imm
	kAdd,      // and subtract, with `invert`; immediate, shifted or extended second operand
	kAddCarry, // the same with the carry flag
	kAnd,      // logical operations, with `invert` of the second operand
	kOr,
	kXor,
	kBitfield,  // sbfm, bfm, ubfm
	kExtract,   // extr
	kSelect,    // csel, csinc, csinv, csneg
	kCompareIf, // ccmp, ccmn
	kShift,     // by a register
	kDivide,
	kMultiplyAdd,
	kMultiplyHigh,
	kReverse, // and other functions of one register, by `amount`
	kLoad,
	kStore,
	kLoadPair,
	kStorePair,
	kStoreExclusive,
	kAtomic,
	kCompareAndSwap,
	kBranchIf,   // b.cond
	kBranchZero, // cbz, cbnz
	kBranchBit,  // tbz, tbnz
	kJump,
	kCall,
	kReturn,
	kReadSystem, // mrs
	kNop,
	kTrap,
	kClobber
};

enum class ShiftKind : uint8_t { kLeft, kRight, kArithmetic, kRotate };
enum class Reversal : uint8_t { kBits, kBytesOf16, kBytesOf32, kBytes, kLeadingZeros, kLeadingSigns };
enum class Atomic : uint8_t { kAdd, kClear, kXor, kSet, kSignedMax, kSignedMin, kMax, kMin, kSwap };
enum class Index : uint8_t { kNone, kBefore, kAfter };

struct Semantics {
	Op op = Op::kClobber;
	uint8_t bytes = 8; // operand size: 4 or 8; of memory accesses the size there
	uint8_t rd = kZero, rn = kZero, rm = kZero, ra = kZero;
	bool sets_flags = false;
	bool invert = false;        // subtract, invert the second operand, negate; of branches: on not zero
	bool has_immediate = false; // the second operand is imm
	bool is_signed = false;
	ShiftKind shift = ShiftKind::kLeft;
	uint8_t amount = 0; // of a shift; of a bit-field immr; see Op
	uint8_t extend = 0; // of an extended register: 1 + option
	uint8_t width = 0;  // of a bit-field imms
	uint8_t condition = 0;
	uint8_t nzcv = 0;
	uint8_t part = 0;         // Reversal, Atomic, and so on
	uint8_t result_bytes = 8; // of a load: the register's size
	Index index = Index::kNone;
	uint64_t imm = 0;
	std::vector<uint8_t> clobbers{}; // of kClobber
	const char *unclear = nullptr;
};

// Executes what `m` says, at `at`.
Step execute(const Semantics &m, const Instruction &at, MachineState &s);

} // namespace nft_drops::jit::aarch64

#endif
