// SPDX-License-Identifier: GPL-2.0-only
// The processor and memory in which a function is emulated: registers, flags, a stack, and whatever objects the caller
// maps. Little-endian. Memory that is not mapped reads as opaque values, and a store to it has no effect.
#ifndef NFT_DROPS_JIT_MACHINE_MACHINE_H
#define NFT_DROPS_JIT_MACHINE_MACHINE_H

#include "jit/machine/flags.h"
#include "jit/machine/value.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace nft_drops::jit {

class MachineState {
public:
	static constexpr int kRegisters = 34;
	static constexpr uint64_t kStackTop = 0xffffc900'00a4'0000;
	static constexpr uint64_t kStackBytes =
	        0x1800; // 4 KiB for the function and what it calls, 2 KiB for its caller

	std::array<Value, kRegisters> registers{};
	Flags flags;

	// Maps memory with such content (kUnknown or kOutside). Regions do not overlap; one that is there stays as it
	// is.
	void map(uint64_t address, size_t size, Value::Kind content);

	// From now on load() returns 0 for KASAN's shadow of mapped memory, which means: may be accessed. `offset`: see
	// shadow_offset() of instrumentation.h.
	void map_shadow(uint64_t offset) { shadow_offset_ = offset; }

	[[nodiscard]] Value load(Value address, unsigned bytes) const;
	// A store to an unknown address could have hit anything that is mapped: see lost(). One to an address from
	// outside (statistics, per-CPU memory) hits nothing here.
	void store(Value address, unsigned bytes, Value value);
	// Something was stored nobody knows where: no content of memory can be relied upon any more.
	[[nodiscard]] bool lost() const { return lost_; }
	// What is computed of these two, at least one of which is not known.
	[[nodiscard]] Value mixed(const Value &a, const Value &b) const;
	// Sets so many bytes, where they are mapped.
	void fill(uint64_t address, size_t size, uint8_t byte);
	// Makes mapped bytes unknown, e.g. what a called function may have written.
	void forget(uint64_t address, size_t size);
	// Runs `trial`, then restores this state: much cheaper than a copy. `trial` may do anything but map().
	template <typename Trial> auto attempt(Trial trial) {
		const auto before = begin_attempt();
		auto result = trial();
		end_attempt(before);
		return result;
	}
	// What differs from the state at the beginning of the attempt that is under way: much smaller than a copy.
	struct Difference;
	// Only within an attempt, and within no other one.
	[[nodiscard]] Difference difference() const;
	// Makes the state what it was when `difference` was taken; within an attempt that begins with the same state.
	void apply(const Difference &difference);
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
		size_t size;
		size_t begin; // in bytes_ and kinds_; a multiple of 8
	};
	struct Overwritten {
		size_t at; // in bytes_
		unsigned size;
		uint64_t bytes;
		uint64_t kinds;
	};
	struct Before {
		std::array<Value, kRegisters> registers;
		Flags flags;
		bool lost;
		size_t compared;
		size_t overwritten;
	};
	static constexpr size_t kNowhere = SIZE_MAX;
	// Where in bytes_ it lies.
	[[nodiscard]] size_t find(uint64_t address, unsigned bytes) const;
	[[nodiscard]] bool is_outside(const Value &v) const;
	// True if KASAN keeps the state of mapped memory at this address.
	[[nodiscard]] bool is_shadow(uint64_t address) const;
	void fill(uint64_t address, size_t size, Value value);
	// Notes what so many bytes are now, for the end of the attempt.
	void log(size_t at, unsigned bytes);
	[[nodiscard]] Before begin_attempt();
	void end_attempt(const Before &before);

	std::vector<Region> regions_; // by address
	// The memory of all regions. An opaque value is stored as its identity, whole, at a multiple of 8.
	std::vector<uint8_t> bytes_;
	std::vector<Value::Kind> kinds_; // of each byte in bytes_
	mutable size_t last_found_ = 0;  // in regions_: the next access is mostly to the same region
	bool lost_ = false;
	std::optional<uint64_t> shadow_offset_;
	int attempts_ = 0;                     // within each other
	std::vector<Overwritten> overwritten_; // by what is attempted, the last one last
};

struct MachineState::Difference {
	// Consecutive bytes of the memory, and their kinds.
	struct Piece {
		size_t at = 0; // in bytes_
		std::vector<uint8_t> bytes;
		std::vector<Value::Kind> kinds;
	};
	std::array<Value, kRegisters> registers;
	Flags flags;
	std::vector<Piece> memory;
};

} // namespace nft_drops::jit

#endif
