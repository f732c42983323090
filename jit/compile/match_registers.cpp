// SPDX-License-Identifier: GPL-2.0-only
#include "jit/compile/match_registers.h"

#include <algorithm>

namespace nft_drops::jit {
namespace {

constexpr size_t kWord = 4;

// Up to 4 bytes of a value, the first one the highest.
uint32_t big_endian(const MatchBytes &value, size_t from, size_t bytes) {
	uint32_t number = 0;
	for (size_t i = 0; i < bytes; i++)
		number = number << 8 | value[from + i];
	return number;
}

// The same as a register holds them, the first one the lowest.
uint32_t as_stored(const MatchBytes &value, size_t from, size_t bytes) {
	uint32_t number = 0;
	for (size_t i = bytes; i-- > 0;)
		number = number << 8 | value[from + i];
	return number;
}

} // namespace

llvm::Value *MatchRegisters::number(uint32_t at, size_t bytes) {
	llvm::Value *turned = b_.CreateIntrinsic(llvm::Intrinsic::bswap, {b_.getInt32Ty()}, {get(at)});
	return bytes == kWord ? turned : b_.CreateLShr(turned, 8 * (kWord - bytes));
}

llvm::Value *MatchRegisters::equal(uint32_t at, const MatchBytes &value) {
	llvm::Value *all = b_.getTrue();
	for (size_t i = 0; i < value.size(); i += kWord, at++) {
		const size_t bytes = std::min(kWord, value.size() - i);
		llvm::Value *word = get(at);
		if (bytes < kWord) word = b_.CreateAnd(word, (1U << 8 * bytes) - 1);
		all = b_.CreateAnd(all, b_.CreateICmpEQ(word, b_.getInt32(as_stored(value, i, bytes))));
	}
	return all;
}

llvm::Value *MatchRegisters::ordered(uint32_t at, const MatchBytes &value, bool above) {
	// From the last register on: a register decides where all before it are equal.
	llvm::Value *result = b_.getFalse();
	const size_t words = (value.size() + kWord - 1) / kWord;
	for (size_t i = words; i-- > 0;) {
		const size_t bytes = std::min(kWord, value.size() - i * kWord);
		llvm::Value *word = number(at + static_cast<uint32_t>(i), bytes);
		llvm::Value *with = b_.getInt32(big_endian(value, i * kWord, bytes));
		llvm::Value *decides = above ? b_.CreateICmpUGT(word, with) : b_.CreateICmpULT(word, with);
		result = b_.CreateOr(decides, b_.CreateAnd(b_.CreateICmpEQ(word, with), result));
	}
	return result;
}

llvm::Value *MatchRegisters::within(uint32_t at, const MatchBytes &lower, const MatchBytes &upper) {
	if (lower == upper) return equal(at, lower);
	return b_.CreateNot(b_.CreateOr(below(at, lower), above(at, upper)));
}

} // namespace nft_drops::jit
