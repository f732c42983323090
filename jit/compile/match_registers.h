// SPDX-License-Identifier: GPL-2.0-only
// nf_tables' registers while a rule is being compiled: each holds an LLVM value of 32 bits.
#ifndef NFT_DROPS_JIT_COMPILE_MATCH_REGISTERS_H
#define NFT_DROPS_JIT_COMPILE_MATCH_REGISTERS_H

#include "jit/match/program.h"

#include <llvm/IR/IRBuilder.h>

#include <array>

namespace nft_drops::jit {

class MatchRegisters {
public:
	// nft_do_chain() clears no register; what no operation wrote is taken for 0.
	explicit MatchRegisters(llvm::IRBuilder<> &b) : b_(b) { clear(); }
	void clear() { words_.fill(b_.getInt32(0)); }

	[[nodiscard]] llvm::Value *get(uint32_t at) const { return words_[at % kMatchRegisters]; }
	void set(uint32_t at, llvm::Value *word) { words_[at % kMatchRegisters] = word; }

	// As memcmp() orders the registers from `at` on and `value`, of the value's length.
	llvm::Value *equal(uint32_t at, const MatchBytes &value);
	llvm::Value *below(uint32_t at, const MatchBytes &value) { return ordered(at, value, false); }
	llvm::Value *above(uint32_t at, const MatchBytes &value) { return ordered(at, value, true); }
	// Both ends belong to it.
	llvm::Value *within(uint32_t at, const MatchBytes &lower, const MatchBytes &upper);

private:
	llvm::Value *ordered(uint32_t at, const MatchBytes &value, bool above);
	// Up to 4 bytes of a register, in the order of memcmp(): the first byte is the highest.
	llvm::Value *number(uint32_t at, size_t bytes);

	llvm::IRBuilder<> &b_;
	std::array<llvm::Value *, kMatchRegisters> words_{};
};

} // namespace nft_drops::jit

#endif
