// SPDX-License-Identifier: GPL-2.0-only
// Runs nft_do_chain's machine code on a scenario, step by step, and watches what it does.
#ifndef NFT_DROPS_JIT_RESOLVE_EMULATE_H
#define NFT_DROPS_JIT_RESOLVE_EMULATE_H

#include "jit/base/result.h"
#include "jit/kernel/types/layout.h"
#include "jit/machine/code.h"
#include "jit/resolve/world.h"

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace nft_drops::jit {

// What decides which path the emulated function takes through a scenario: which static keys are switched (bit n: the
// n-th key has the other state than in the image), and which branches on unknown values are taken. All other branches
// on unknown values fall through. A value that the emulation does not know mostly stays as it is while one packet
// passes (whether the packet is traced, say), so a branch goes the same way each time.
struct BranchChoice {
	const Scenario *scenario = nullptr;
	uint32_t flipped_keys = 0;
	std::set<size_t> taken{};     // by instruction index
	bool all_taken = false;       // these, and all others
	std::optional<size_t> once{}; // the n-th branch on an unknown value that is met goes the other way just then
	std::map<size_t, bool>
	        always{};            // branches whose other side leads nowhere: taken or not, whatever is said above
	int64_t regs = 0;            // ExecutionPath::regs where it is known already: empty rulesets do not show it
	bool special_breaks = false; // filled in by run(): how the special expression ended
};

struct ExecutionPath {
	// The moment right after the expression whose verdict decided the packet's fate. A run can be repeated from
	// there, without what came before.
	struct Decision;

	BranchChoice way;
	Outcome outcome;                        // that the function's behaviour agrees with
	std::vector<uint16_t> visits;           // by instruction index
	std::vector<uint16_t> visits_with_drop; // those after an expression's verdict of NF_DROP, which nothing revokes
	std::vector<bool> late;                 // visited after the packet was freed
	uint64_t return_value = 0;
	int64_t regs = 0;          // struct nft_regs, from the stack pointer at entry; 0 where no expression was seen
	std::vector<size_t> forks; // instruction index of each branch on an unknown value, as they were met
	bool dead_end = false;     // the path leads nowhere (a failed stack check, a BUG), or goes round for ever
	bool by_last_fork = false; // of a dead end: no branch on a known value came after the last on an unknown one
	bool last_taken = false;   // the last of `forks` was taken
	uint32_t keys_met = 0;     // bit n: a place of the n-th static key was executed
	std::shared_ptr<const Decision> decision; // of a path that ends in a drop; null where no expression decided it
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

	// How many static keys the image's jump labels belong to.
	[[nodiscard]] size_t keys() const { return keys_.size(); }

	// Fails with kMachine where the code does something that is not understood, or that nf_tables' semantics do not
	// allow. `observe`, if any, sees every step.
	[[nodiscard]] Result<ExecutionPath> run(const BranchChoice &way, int jump_limit,
	                                        const Observer &observe = {}) const;

	// Runs the path's BranchChoice again from path.decision on, which must not be null. `observe` sees only these
	// steps.
	[[nodiscard]] Result<ExecutionPath> run_from_decision(const ExecutionPath &path, int jump_limit,
	                                                      const Observer &observe) const;
	// True if the instruction was executed before the path's decision, or if there is none.
	[[nodiscard]] static bool before_decision(const ExecutionPath &path, size_t instruction);

private:
	class Run;
	// The moment at which the function is called.
	struct Start {
		Scenario scenario; // a copy: BranchChoice::scenario may be gone, and another one in its place
		World world;
		MachineState state;
	};
	[[nodiscard]] Start &start_of(const Scenario &scenario) const;

	static constexpr size_t kArguments = 4; // of a call that are looked at
	struct Switch {
		const JumpLabel *label = nullptr; // of the place of a static key
		size_t key = 0;
	};
	const Code &code_;
	const Architecture &arch_;
	const Layout &layout_;
	std::vector<uint64_t> keys_;
	std::vector<Switch> switches_;               // by instruction index
	std::optional<uint64_t> thunk_;              // that it returns by
	std::optional<uint64_t> shadow_offset_;      // KASAN's
	std::array<size_t, kArguments> arguments_{}; // their registers
	// The starts of the scenarios that were run, latest first: each scenario is run with many choices, and again to
	// gather facts. Mostly all are kept: Linux 6.1 has 154.
	static constexpr size_t kMostStarts = 256;
	mutable std::deque<Start> starts_;
};

} // namespace nft_drops::jit

#endif
