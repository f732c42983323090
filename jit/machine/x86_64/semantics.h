// SPDX-License-Identifier: GPL-2.0-only
// What an x86-64 instruction means: made by the decoder once, executed many times.
#ifndef NFT_DROPS_JIT_MACHINE_X86_64_SEMANTICS_H
#define NFT_DROPS_JIT_MACHINE_X86_64_SEMANTICS_H

#include "jit/machine/code.h"

#include <array>
#include <cstdint>
#include <vector>

namespace nft_drops::jit::x86_64 {

// Intel's register numbers, which index MachineState::registers.
enum Reg : int8_t { kRax, kRcx, kRdx, kRbx, kRsp, kRbp, kRsi, kRdi, kR8, kR9, kR10, kR11, kR12, kR15 = 15, kRip = 16 };
constexpr int8_t kNoReg = -1;
constexpr std::array<const char *, 16> kNames = {"RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI",
                                                 "R8",  "R9",  "R10", "R11", "R12", "R13", "R14", "R15"};

enum class Op : uint8_t {
	kMov,
	kMovZx,
	kMovSx,
	kLea,
	kAdd,
	kAdc,
	kSub,
	kSbb,
	kAnd,
	kOr,
	kXor,
	kCmp,
	kTest,
	kInc,
	kDec,
	kNeg,
	kNot,
	kShl,
	kShr,
	kSar,
	kImul,
	kBt,
	kBts,
	kBtr,
	kBtc,
	kSetcc,
	kCmov,
	kJcc,
	kJmp,
	kCall,
	kRet,
	kPush,
	kPop,
	kXchg,
	kStos,
	kLeave,
	kExtendAcc,
	kNop,
	kTrap,
	kClobber
};

struct Operand {
	enum class Kind : uint8_t { kReg, kImm, kMem } kind = Kind::kImm;
	int8_t reg = kNoReg; // also a memory operand's base
	uint8_t bytes = 8;   // of a register: how much of it is named
	bool high = false;   // ah, bh, ch, dh
	int8_t index = kNoReg;
	uint8_t scale = 1;
	bool segment = false; // gs: or fs:
	int64_t imm = 0;      // or displacement
};

struct Semantics {
	Op op = Op::kClobber;
	uint8_t bytes = 8; // operand size
	uint8_t cc = 0;    // condition code; of other operations what understand() says
	bool repeat = false;
	bool has_dst = false;
	Operand dst;
	uint8_t sources = 0;
	std::array<Operand, 4> src;
	// Of arithmetic, whose result goes to `dst` then: `has_dst` says whether it has one.
	bool unary = false;
	bool same_register = false;   // its two operands are one and the same
	uint8_t second_bytes = 8;     // of src[1]
	std::vector<int8_t> clobbers; // of kClobber
	const char *unclear = nullptr;
};

inline bool is_arithmetic(Op op) {
	return op >= Op::kAdd && op <= Op::kBtc;
}
inline bool is_shift(Op op) {
	return op == Op::kShl || op == Op::kShr || op == Op::kSar;
}

// Executes what `m` says, at `at`.
Step execute(const Semantics &m, const Instruction &at, MachineState &s);

} // namespace nft_drops::jit::x86_64

#endif
