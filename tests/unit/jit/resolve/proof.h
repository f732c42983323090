// SPDX-License-Identifier: GPL-2.0-only
// Proof of a Plan: the function is run on random rulesets, and for each the events at the Plan's sites must be exactly
// those that the ruleset's meaning asks for.
#ifndef NFT_DROPS_TESTS_UNIT_JIT_RESOLVE_PROOF_H
#define NFT_DROPS_TESTS_UNIT_JIT_RESOLVE_PROOF_H

#include "breakpoints.h"

#include <functional>
#include <string>

namespace nft_drops::jit_test {

struct Proof {
	int rulesets = 0;
	int by_rule = 0, by_policy = 0, by_jump_limit = 0; // drops
	int not_dropped = 0;
	int foreign = 0;           // rulesets in which the function did not do what nf_tables does
	int wrong = 0;             // rulesets with wrong events
	int inconsistent = 0;      // rulesets whose number of events is not what the function did, right or not
	std::string first_foreign; // what was found the first time
	std::string first_wrong;
};

// What was seen of one run of the function.
struct Observed {
	uint32_t returned = 0;
	int evaluations = 0;
	int freed = 0;
	uint64_t freed_what = 0;
	std::span<const Hit> events;
};

// `run` runs the function, wherever that is; `named` is what rulesets need there.
Proof prove(const fixture_layout &layout, const jit::Plan &plan, unsigned seed, int rulesets, Arena &arena,
            const Named &named, const std::function<Observed(const World &)> &run);

// A fixture of this process. `keys`: see switch_static_keys().
Proof prove(const Fixture &f, const jit::Plan &plan, unsigned seed, int rulesets, uint32_t keys = 0,
            Breakpoints::OnHit on_hit = nullptr);

} // namespace nft_drops::jit_test

#endif
