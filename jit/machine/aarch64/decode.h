// SPDX-License-Identifier: GPL-2.0-only
// From bytes to Semantics. LLVM MC says what is an instruction; what it means is read from its bits, which are as
// regular as Arm's manual (DDI 0487, "A64 instruction set encoding") has them.
#ifndef NFT_DROPS_JIT_MACHINE_AARCH64_DECODE_H
#define NFT_DROPS_JIT_MACHINE_AARCH64_DECODE_H

#include "jit/machine/aarch64/semantics.h"
#include "jit/machine/mc.h"

#include <optional>
#include <string>

namespace nft_drops::jit::aarch64 {

// What is understood of an instruction word; kClobber, without clobbers, where that is nothing.
Semantics understand(uint32_t word, uint64_t address);

class Decoder {
public:
	static Result<Decoder> open();

	// Fills `to` but for its index of semantics. Nothing where the bytes are no instruction.
	std::optional<Semantics> decode(uint64_t address, const uint8_t *bytes, size_t size, Instruction &to);
	std::string text(const Instruction &what, const uint8_t *bytes) {
		return mc_.print(what.address, bytes, what.size);
	}

private:
	// What else an instruction that is not understood may change.
	void add_clobbers(const McInstruction &mc, Semantics &m) const;

	Mc mc_;
};

} // namespace nft_drops::jit::aarch64

#endif
