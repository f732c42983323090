// SPDX-License-Identifier: GPL-2.0-only
// Wrong Plans, made from a true one.
#ifndef NFT_DROPS_TESTS_GUEST_DAMAGE_MUTANTS_H
#define NFT_DROPS_TESTS_GUEST_DAMAGE_MUTANTS_H

#include "jit/kernel/types/kernel.h"
#include "jit/machine/code.h"
#include "jit/resolve/plan.h"

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace nft_drops::guest {

struct Mutant {
	jit::Plan plan;
	std::string what; // is wrong
};

class Mutants {
public:
	Mutants(const jit::Kernel &kernel, const jit::Plan &truth, uint32_t seed);

	// Another one each time, no two the same.
	Mutant next();

private:
	struct Fact {
		const char *name;
		nd_locator nd_site::*at;
	};
	[[nodiscard]] uint32_t below(uint32_t n) { return static_cast<uint32_t>(random_() % n); }
	[[nodiscard]] std::vector<Fact> facts_of(const nd_site &site) const;
	[[nodiscard]] nd_locator elsewhere(const nd_locator &from);
	std::string damage(jit::Plan &plan);
	std::string move_fact(jit::PlannedSite &site);
	std::string swap_facts(jit::PlannedSite &site);
	std::string damage_jumps(jit::PlannedSite &site);
	std::string shift_site(jit::PlannedSite &site);
	std::string change_cause(jit::PlannedSite &site);
	std::string change_test(jit::PlannedSite &site);

	const jit::Plan &truth_;
	jit::Image image_;
	std::unique_ptr<jit::Architecture> architecture_;
	jit::Code code_;
	std::mt19937 random_;
	std::vector<std::string> made_;
};

} // namespace nft_drops::guest

#endif
