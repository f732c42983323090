// SPDX-License-Identifier: GPL-2.0-only
// Where facts live at an instruction: the places that hold the right value on every examined path.
#ifndef NFT_DROPS_JIT_RESOLVE_FACTS_H
#define NFT_DROPS_JIT_RESOLVE_FACTS_H

#include "bpf/shared/site.h"
#include "jit/resolve/explore.h"

#include <bitset>
#include <map>
#include <optional>
#include <vector>

namespace nft_drops::jit {

// Registers first, then 8-byte stack slots upwards from the stack pointer, then 4-byte slots (for 32-bit facts).
class Places {
public:
	static constexpr size_t kRegisters = 32;
	static constexpr size_t kSlots = 256; // 4-byte steps above the stack pointer
	static constexpr size_t kAll = kRegisters + kSlots;
	using Set = std::bitset<kAll>;

	[[nodiscard]] static nd_locator locator(size_t place, const Architecture &arch);
	// A place's content; a stack slot is read with `bytes`.
	[[nodiscard]] static Value content(size_t place, unsigned bytes, const MachineState &state,
	                                   const Architecture &arch);
};

// What was found out about one instruction. A set holds the places that had the right value at every visit so far.
struct Facts {
	Places::Set pkt, base; // at visits that end in a drop
	Places::Set rule;      // at visits that end in a drop by a rule or the jump limit
	Places::Set rule_slot; // at these: the address of memory that holds the rule's address
	Places::Set verdict;   // regs.verdict.code, at every visit
	Places::Set expr;      // the expression that gave the verdict, at visits that end in a drop by a rule
	// Of the jump stack at visits that end in a drop by a rule: how many jumps it holds; and by number of the jump,
	// where it would have returned to, and (older kernels) the chain that it stands in.
	Places::Set depth;
	std::vector<Places::Set> returns, chains;
	size_t deepest = 0;              // the most jumps that were seen
	Places::Set retval;              // the value that the function will return, at every visit
	bool verdict_tells = true;       // (verdict & 0xff) == NF_DROP exactly at the visits that end in a drop
	bool retval_tells = true;        // the same of the return value
	bool policy_tells = true;        // the same of the base chain's policy
	bool verdict_tells_cause = true; // see cause_of() in bpf/locate.h
	uint32_t causes = 0;             // bit n: enum nd_cause n
	bool other_packets = false;      // visited on the way to no drop
};

// Facts of the given instructions (by index), from a second run over all paths. With `by_verdict`, only visits with a
// verdict of NF_DROP in force count as visits of a dropped packet.
Result<std::map<size_t, Facts>> gather_facts(const std::vector<size_t> &instructions, bool by_verdict, const Code &code,
                                             const Architecture &arch, const Emulator &emulator,
                                             const ExecutionPaths &paths, const Layout &layout);

} // namespace nft_drops::jit

#endif
