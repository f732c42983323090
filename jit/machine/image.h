// SPDX-License-Identifier: GPL-2.0-only
// The machine code of one kernel function as data.
#ifndef NFT_DROPS_JIT_MACHINE_IMAGE_H
#define NFT_DROPS_JIT_MACHINE_IMAGE_H

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace nft_drops::jit {

enum class Machine { kX86_64, kAArch64 };

// A contiguous piece of the function: its main part, or a part that the compiler split off (".cold").
struct CodeRange {
	std::string name;
	uint64_t address = 0; // where its first byte is in the kernel
	std::vector<uint8_t> bytes;
};

// A place that the kernel patches when a static key is switched: a jump to `target` or a nop (struct jump_entry).
// Nothing may be probed there.
struct JumpLabel {
	uint64_t code = 0;
	uint64_t target = 0;
	uint64_t key = 0; // address of the static_key: labels with equal keys switch together
};

// Addresses in the code, one of which an indirect jump takes from here.
struct SwitchTable {
	uint64_t address = 0;
	std::vector<uint64_t> targets;
};

struct Image {
	Machine machine = Machine::kX86_64;
	std::vector<CodeRange> ranges; // the first one begins with the function's entry
	std::vector<JumpLabel> labels; // those within the ranges
	// Small functions of the same module that are called from here. Nothing is probed there, and none has a jump
	// label.
	std::vector<CodeRange> helpers{};
	std::vector<SwitchTable> switches{}; // by address; they do not overlap
	// Of a debug kernel: called functions that change nothing that the function sees. See instrumentation.h.
	std::set<uint64_t> checks{};
	// False where the kernel's table of jump labels could not be read: then every nop that could be one is avoided,
	// and the code behind switched-off keys stays unexamined.
	bool labels_known = false;

	[[nodiscard]] uint64_t entry() const { return ranges.front().address; }
};

} // namespace nft_drops::jit

#endif
