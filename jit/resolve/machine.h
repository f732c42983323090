// SPDX-License-Identifier: GPL-2.0-only
// The processor and memory in which nft_do_chain is emulated: registers, flags, a stack, and the made-up objects of a
// World. Little-endian. What is not mapped reads as opaque values and forgets what is written to it.
#ifndef NFT_DROPS_JIT_RESOLVE_MACHINE_H
#define NFT_DROPS_JIT_RESOLVE_MACHINE_H

#include "jit/resolve/value.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace nft_drops::jit {

// Condition flags, each known or not. AArch64's N, Z, C, V are sf, zf, cf, of here (with its own carry sense).
struct Flags {
	enum class Bit : uint8_t { kClear, kSet, kUnknown };
	Bit zf = Bit::kUnknown, sf = Bit::kUnknown, cf = Bit::kUnknown, of = Bit::kUnknown, pf = Bit::kUnknown;
};

class MachineState {
public:
	static constexpr int kRegisters = 34;
	static constexpr uint64_t kStackTop = 0xffffc900'00a4'0000;
	static constexpr uint64_t kStackBytes = 0x4000;

	std::array<Value, kRegisters> registers{};
	Flags flags;

	// Maps memory of unknown content. Regions do not overlap.
	void map(uint64_t address, size_t size);

	[[nodiscard]] Value load(Value address, unsigned bytes) const;
	void store(Value address, unsigned bytes, Value value);
	// Makes mapped bytes unknown, e.g. what a called function may have written.
	void forget(uint64_t address, size_t size);
	[[nodiscard]] static bool on_stack(uint64_t address) {
		return address >= kStackTop - kStackBytes && address < kStackTop;
	}

	// Collects what these addresses are compared with: an ordinary expression's operations and evaluation function,
	// against those that the function evaluates by itself.
	struct Comparison {
		size_t watched; // index into `watched`
		uint64_t with;
	};
	std::array<uint64_t, 2> watched{};
	std::vector<Comparison> compared;
	void note_comparison(const Value &a, const Value &b) {
		if (!a.is_known() || !b.is_known()) return;
		for (size_t i = 0; i < watched.size(); i++) {
			if (!watched[i]) continue;
			if (a.bits == watched[i])
				compared.push_back({i, b.bits});
			else if (b.bits == watched[i])
				compared.push_back({i, a.bits});
		}
	}

private:
	struct Region {
		uint64_t address;
		std::vector<uint8_t> bytes;
		std::vector<Value::Kind> kinds;
		// Opaque values are kept whole, by the address they were stored at.
		std::vector<uint64_t> opaque;
	};
	[[nodiscard]] const Region *find(uint64_t address, unsigned bytes) const;

	std::vector<Region> regions_;
};

} // namespace nft_drops::jit

#endif
