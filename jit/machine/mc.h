// SPDX-License-Identifier: GPL-2.0-only
// LLVM's disassembler, without LLVM's types: operands with their roles, the opcode's name, and the listing text.
#ifndef NFT_DROPS_JIT_MACHINE_MC_H
#define NFT_DROPS_JIT_MACHINE_MC_H

#include "jit/base/result.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nft_drops::jit {

struct McOperand {
	enum class Kind : uint8_t { kReg, kImm } kind = Kind::kImm;
	bool memory = false; // a part of a memory operand
	bool is_def = false; // written
	unsigned reg = 0;    // LLVM's number; 0: none
	int64_t imm = 0;
};

struct McInstruction {
	std::string_view name; // LLVM's name of the opcode, e.g. "ADD64rm"
	uint8_t size = 0;
	bool may_store = false;
	bool is_branch = false;
	bool is_call = false;
	std::vector<McOperand> operands;
	std::vector<unsigned> defines; // all registers written, implicit ones too
};

class Mc {
public:
	// Fails where LLVM was built without the target of `triple`.
	static Result<Mc> open(const char *triple, const char *features);
	Mc();
	Mc(Mc &&) noexcept;
	Mc &operator=(Mc &&) noexcept;
	~Mc();

	std::optional<McInstruction> decode(uint64_t address, const uint8_t *bytes, size_t size);
	std::string print(uint64_t address, const uint8_t *bytes, size_t size);
	[[nodiscard]] size_t register_count() const;
	[[nodiscard]] std::string_view register_name(unsigned number) const;
	[[nodiscard]] std::optional<unsigned> register_by_name(std::string_view name) const;

private:
	struct Impl;
	std::unique_ptr<Impl> impl_;
};

} // namespace nft_drops::jit

#endif
