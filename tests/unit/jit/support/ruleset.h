// SPDX-License-Identifier: GPL-2.0-only
// Random rulesets and what they mean. Written from nf_tables' documentation and independent of jit/resolve/scenario:
// expressions compute here, and the verdict comes of what they compute.
#ifndef NFT_DROPS_TESTS_UNIT_JIT_SUPPORT_RULESET_H
#define NFT_DROPS_TESTS_UNIT_JIT_SUPPORT_RULESET_H

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace nft_drops::jit_test {

enum class Kind {
	kNothing,  // evaluated by a function, changes nothing
	kMismatch, // evaluated by a function, the rule does not apply
	kSet,      // register `dreg` = a
	kVerdict,  // `a` is the code, `chain` where to
	kCompare,  // inline: the rule applies if (register `sreg` & a) == b, or != if `inverted`
	kBitwise,  // inline: register `dreg` = register `sreg` & a ^ b
	kPayload,  // inline if the packet is long enough: register `dreg` = a bytes from the packet at b; else a
	           // mismatch
};

struct Expr {
	Kind kind = Kind::kNothing;
	uint32_t a = 0;
	uint32_t b = 0;
	int chain = -1;
	uint8_t sreg = 0;
	uint8_t dreg = 0;
	bool inverted = false;
	uint8_t function = 0; // which of the evaluation functions: 0 to 2
	uint32_t padding = 0; // bytes behind it
};

struct Rule {
	uint64_t handle = 0;
	std::vector<Expr> exprs;
};

struct Ruleset {
	std::vector<std::vector<Rule>> chains; // the first is the base chain
	uint8_t policy = 0;                    // NF_DROP or NF_ACCEPT
	bool second_generation = false;
	bool traced = false;
	std::vector<uint8_t> packet; // from the network header on
};

constexpr uint8_t kFirstRegister = 4; // those below hold the verdict
constexpr uint8_t kRegisters = 20;

enum class Cause { kNone, kRule, kPolicy, kJumpLimit };

struct Meaning {
	Cause cause = Cause::kNone;
	int chain = -1; // of the rule that dropped, or whose jump found no room
	int rule = -1;
	uint32_t verdict = 0; // the deciding verdict's code or the policy
	int expr = -1;        // of that rule: the one with the verdict
	int evaluations = 0;  // calls of evaluation functions
	struct Place {
		int chain, rule; // the rule may be one behind the chain's last
	};
	std::vector<Place> stack = {}; // of a drop by a rule: where its jumps would have returned to, outermost first
};

Ruleset random_ruleset(std::mt19937_64 &random);
Meaning meaning_of(const Ruleset &r, unsigned jump_limit);
std::string describe(const Ruleset &r);

} // namespace nft_drops::jit_test

#endif
