// SPDX-License-Identifier: GPL-2.0-only
// Runs nft_do_chain's machine code on a scenario, step by step, and watches what it does.
#ifndef NFT_DROPS_JIT_RESOLVE_EMULATE_H
#define NFT_DROPS_JIT_RESOLVE_EMULATE_H

#include "bpf/shared/result.h"
#include "jit/kernel/layout.h"
#include "jit/resolve/code.h"
#include "jit/resolve/world.h"

#include <functional>
#include <set>
#include <vector>

namespace nft_drops::jit {

// One way through the function: which static keys are taken to be switched (bit n: the n-th key has the other state
// than in the image), and how branches on unknown values go, in order (those beyond the list fall through).
struct Way {
	const Scenario *scenario = nullptr;
	uint32_t flipped_keys = 0;
	std::vector<bool> decisions;
	std::set<size_t> always{};   // branches on unknown values that are taken each time, by instruction index
	int64_t regs = 0;            // Path::regs where it is known already: empty rulesets do not show it
	bool special_breaks = false; // filled in by emulate(): how the special expression ended
};

struct Path {
	Way way;
	Outcome outcome;                        // that the function's behaviour agrees with
	std::vector<uint16_t> visits;           // by instruction index
	std::vector<uint16_t> visits_with_drop; // those after an expression's verdict of NF_DROP, which nothing revokes
	std::vector<bool> late;                 // visited after the packet was freed
	uint64_t return_value = 0;
	int64_t regs = 0;          // struct nft_regs, from the stack pointer at entry; 0 where no expression was seen
	bool dead_end = false;     // a fork that leads nowhere (a failed stack check, a BUG)
	std::vector<size_t> forks; // instruction index of each branch on an unknown value
	std::vector<MachineState::Comparison> compared; // of operations (0) and of evaluation functions (1)
};

// The moment before an instruction is executed.
struct Moment {
	const Instruction &instruction;
	const MachineState &state;
	const World &world;
	uint64_t entry_stack_pointer;
};
using Observer = std::function<void(const Moment &)>;

class Emulator {
public:
	Emulator(const Code &code, const Architecture &arch, const Layout &layout);

	// The static keys that the image's jump labels belong to.
	[[nodiscard]] size_t keys() const { return keys_.size(); }

	// Fails with kMachine where the code does something that is not understood, or that nf_tables' semantics do not
	// allow. `observe`, if any, sees every step.
	[[nodiscard]] Result<Path> run(const Way &way, int jump_limit, const Observer &observe = {}) const;

private:
	class Run;
	const Code &code_;
	const Architecture &arch_;
	const Layout &layout_;
	std::vector<uint64_t> keys_;
};

} // namespace nft_drops::jit

#endif
