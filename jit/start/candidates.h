// SPDX-License-Identifier: GPL-2.0-only
// What a kernel whose BTF does not have nf_tables' types may be like.
#ifndef NFT_DROPS_JIT_START_CANDIDATES_H
#define NFT_DROPS_JIT_START_CANDIDATES_H

#include "jit/base/result.h"
#include "jit/kernel/types/kernel.h"
#include "jit/resolve/plan.h"

#include <vector>

namespace nft_drops::jit {

// A layout under which the kernel's code is what nf_tables' code must be, and the Plan by it.
struct Candidate {
	Layout layout;
	Plan plan;
	bool without_direct_loads = false; // the kernel seemed to take them
};

// Returns a candidate for each of the kernel's layouts that the code allows, likeliest first. If several would make the
// same probe, only the first is returned. Those with direct loads follow once more without. Never empty: if the code
// allows no layout, fails as the likeliest layout does.
Result<std::vector<Candidate>> find_candidates(const Kernel &kernel);
// Appends each candidate that has direct loads once more, without direct loads: a kernel may take the trial of
// direct_loads.h and refuse the probe.
void add_without_direct_loads(std::vector<Candidate> &candidates);

// How many layouts there are among them: those without direct loads do not count.
size_t layouts_of(const std::vector<Candidate> &candidates);

// Calls `attempt` with one candidate after the other until it succeeds, and returns that candidate's number. Where none
// succeeds, fails as the first one did: the likeliest candidate's error tells most.
template <typename Attempt> Result<size_t> first_that_works(const std::vector<Candidate> &candidates, Attempt attempt) {
	Error first;
	for (size_t i = 0; i < candidates.size(); i++) {
		Result<void> done = attempt(candidates[i]);
		if (done) return i;
		if (i == 0) first = std::move(done.error());
	}
	return std::unexpected(std::move(first));
}

} // namespace nft_drops::jit

#endif
