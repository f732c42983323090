// SPDX-License-Identifier: GPL-2.0-only
// A Plan held against DWARF.
#ifndef NFT_DROPS_TESTS_CORPUS_VERIFY_H
#define NFT_DROPS_TESTS_CORPUS_VERIFY_H

#include "dwarf.h"
#include "jit/kernel/types/kernel.h"
#include "jit/resolve/plan.h"

#include <string>
#include <vector>

namespace nft_drops::corpus {

enum class Agreement {
	kSamePlace, // the Plan's register or stack slot is the one that DWARF names
	kEqualCopy, // another place, with the same content on every path to a drop there
	kSilent,    // DWARF has no location there (or none that can be evaluated)
	kDiffers,   // the Plan is wrong, or DWARF is
};

struct Comparison {
	unsigned site = 0;
	std::string fact;  // "packet", "rule", "chain", "verdict"
	std::string plan;  // the Plan's place, in words
	std::string dwarf; // DWARF's, in words
	Agreement agreement = Agreement::kSilent;
	size_t visits = 0; // by dropped packets, on all paths
};

// Runs the function on every path that the resolver examined, stops at the Plan's sites, and compares the content of
// each place of the Plan with that of the variable which DWARF has there.
Result<std::vector<Comparison>> compare_with_dwarf(const jit::Kernel &kernel, const jit::Plan &plan, Dwarf &dwarf);

} // namespace nft_drops::corpus

#endif
