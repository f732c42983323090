// SPDX-License-Identifier: GPL-2.0-only
// Small rulesets on which nft_do_chain is emulated, and what nf_tables' semantics say must come of each
// (net/netfilter/nf_tables_core.c).
#ifndef NFT_DROPS_JIT_RESOLVE_SCENARIO_H
#define NFT_DROPS_JIT_RESOLVE_SCENARIO_H

#include "bpf/shared/event.h"

#include <cstdint>
#include <string>
#include <vector>

namespace nft_drops::jit {

// Verdict codes of <linux/netfilter.h> and <linux/netfilter/nf_tables.h>.
enum VerdictCode : uint32_t {
	kDrop = 0,
	kAccept = 1,
	kStolen = 2,
	kQueue = 3,
	kContinue = static_cast<uint32_t>(-1),
	kBreak = static_cast<uint32_t>(-2),
	kJump = static_cast<uint32_t>(-3),
	kGoto = static_cast<uint32_t>(-4),
	kReturn = static_cast<uint32_t>(-5),
};
constexpr uint32_t kVerdictMask = 0xff;

// What an expression leaves in regs.verdict.
struct Effect {
	uint32_t code = kContinue;
	int chain = -1; // of kJump and kGoto
	bool operator==(const Effect &) const = default;
};

using RuleSpec = std::vector<Effect>; // its expressions
using ChainSpec = std::vector<RuleSpec>;

// Where an expression stands.
struct ExprPlace {
	int chain = 0;
	int rule = 0;
	int expr = 0;
	bool operator==(const ExprPlace &) const = default;
};

struct Scenario {
	std::string name;
	std::vector<ChainSpec> chains; // the first one is the base chain
	uint32_t policy = kDrop;
	bool second_generation = false; // net.nft.gencursor
	// The expression at `special_place` gets these operations: an address that nft_do_chain compares with, to lead
	// it into the expressions that it evaluates inline. 0: ordinary.
	uint64_t special_ops = 0;
	uint64_t special_eval = 0;
	uint8_t fill = 0; // every byte of its data
	ExprPlace special_place{};
	[[nodiscard]] bool is_special(const ExprPlace &p) const {
		return (special_ops || special_eval) && p == special_place;
	}
	bool operator==(const Scenario &) const = default;
};

// A rule by its place; `rule` may be one past the last: the end of the chain.
struct RulePlace {
	int chain = 0;
	int rule = 0;
};

// What comes of a scenario.
struct Outcome {
	uint8_t cause = 0;    // enum nd_cause; 0: no drop
	uint32_t verdict = 0; // that decided: a verdict code, or the policy
	int chain = -1;       // of the deciding rule, -1 if none
	int rule = -1;
	std::vector<ExprPlace> evaluated; // in order
	std::vector<RulePlace>
	        stack; // of a drop: where the jumps that led there would have returned to, first one first
};

// The meaning of a scenario. Jumps nested deeper than `jump_limit` are a jump-limit drop. Where the scenario has a
// special expression, `special_breaks` says how it is taken to end.
Outcome meaning(const Scenario &s, int jump_limit, bool special_breaks = false);

// An expression that nft_do_chain recognises by its operations, or by their function (`is_eval`), and evaluates inline:
// in a rule before the one that drops, in that very rule, before a policy drop, and before the jump limit is met.
std::vector<Scenario> inline_scenarios(uint64_t address, bool is_eval, int jump_limit);

// The scenarios that every kernel is examined with; in the last ones nesting goes one deeper than `jump_limit`.
std::vector<Scenario> standard_scenarios(int jump_limit);

} // namespace nft_drops::jit

#endif
