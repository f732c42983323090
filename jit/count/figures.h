// SPDX-License-Identifier: GPL-2.0-only
// Reads counts out of the kernel's maps.
#ifndef NFT_DROPS_JIT_COUNT_FIGURES_H
#define NFT_DROPS_JIT_COUNT_FIGURES_H

#include "bpf/shared/count.h"
#include "jit/attach/sites.h"
#include "jit/base/result.h"

#include <cstddef>
#include <utility>
#include <vector>

namespace nft_drops::jit {

// Descriptors; they stay the caller's.
struct FigureSources {
	int rules = -1;
	int counts = -1;
	int meta = -1;
	std::vector<int> others;                // maps that only take memory
	std::vector<std::pair<int, int>> sites; // link and program
};

// Sums over all processors.
struct Figures {
	nd_count_meta meta{};
	std::vector<std::pair<nd_count_key, nd_count>> counts;
	nd_count unlisted{}; // of those that had no room
	Missed missed;
	size_t memory = 0; // bytes that the kernel says the maps take
};

// Fails with kUsage where a map is not of the expected form.
Result<Figures> read_figures(const FigureSources &sources);

} // namespace nft_drops::jit

#endif
