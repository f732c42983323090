// SPDX-License-Identifier: GPL-2.0-only
// What every architecture does alike: decode with its decoder, keep the semantics, execute them. Private to the
// architectures.
#ifndef NFT_DROPS_JIT_MACHINE_DECODED_H
#define NFT_DROPS_JIT_MACHINE_DECODED_H

#include "jit/machine/code.h"

#include <utility>
#include <vector>

namespace nft_drops::jit {

template <typename Decoder, typename Semantics,
          Step (*kExecute)(const Semantics &, const Instruction &, MachineState &)>
class DecodedArchitecture : public Architecture {
public:
	explicit DecodedArchitecture(Decoder decoder) : decoder_(std::move(decoder)) {}

	bool decode(uint64_t address, const uint8_t *bytes, size_t size, Instruction &to) override {
		auto semantics = decoder_.decode(address, bytes, size, to);
		if (!semantics) return false;
		to.semantics = static_cast<uint32_t>(semantics_.size());
		semantics_.push_back(std::move(*semantics));
		return true;
	}
	Step execute(const Instruction &what, MachineState &state) const override {
		return kExecute(semantics_[what.semantics], what, state);
	}
	std::string text(const Instruction &what, const uint8_t *bytes) override { return decoder_.text(what, bytes); }

private:
	Decoder decoder_;
	std::vector<Semantics> semantics_; // by Instruction::semantics
};

// An architecture that is made of its decoder.
template <typename Kind, typename Decoder> Result<std::unique_ptr<Architecture>> make_architecture() {
	auto decoder = Decoder::open();
	if (!decoder) return std::unexpected(decoder.error());
	return std::make_unique<Kind>(std::move(*decoder));
}

} // namespace nft_drops::jit

#endif
