// SPDX-License-Identifier: GPL-2.0-only
// From bytes to Semantics. Operands come from LLVM MC by their declared roles, operations from the opcodes' names
// ("ADD64rm": operation, width, form), so every form of a known operation is understood, seen before or not.
#ifndef NFT_DROPS_JIT_MACHINE_X86_64_DECODE_H
#define NFT_DROPS_JIT_MACHINE_X86_64_DECODE_H

#include "jit/machine/mc.h"
#include "jit/machine/x86_64/semantics.h"

#include <optional>
#include <string>

namespace nft_drops::jit::x86_64 {

class Decoder {
public:
	static Result<Decoder> open();

	// Fills `to` but for its index of semantics. Nothing where the bytes are no instruction.
	std::optional<Semantics> decode(uint64_t address, const uint8_t *bytes, size_t size, Instruction &to);
	std::string text(const Instruction &what, const uint8_t *bytes) {
		return mc_.print(what.address, bytes, what.size);
	}

private:
	struct Named {
		int8_t number = kNoReg;
		uint8_t bytes = 8;
		bool high = false;
		bool segment = false;
	};

	void index_registers();
	[[nodiscard]] Named named(unsigned mc_register) const {
		return mc_register < registers_.size() ? registers_[mc_register] : Named{};
	}
	[[nodiscard]] Semantics understand(const McInstruction &mc, const uint8_t *bytes) const;

	Mc mc_;
	std::vector<Named> registers_;
};

} // namespace nft_drops::jit::x86_64

#endif
