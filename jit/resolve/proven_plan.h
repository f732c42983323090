// SPDX-License-Identifier: GPL-2.0-only
// The Plan that a start with this kernel worked out and proved, kept for the next one.
#ifndef NFT_DROPS_JIT_RESOLVE_PROVEN_PLAN_H
#define NFT_DROPS_JIT_RESOLVE_PROVEN_PLAN_H

#include "jit/base/kept_file.h"
#include "jit/kernel/types/kernel.h"
#include "jit/resolve/plan.h"

#include <optional>
#include <span>
#include <string>

namespace nft_drops::jit {

class PlanCache {
public:
	// All that the Plan depends on is compared: both build-ids, the code as it is in memory, its
	// address, its static keys, and the layouts. A kernel without build-ids has nothing kept.
	explicit PlanCache(const Kernel &kernel, std::string folder = "/run/nft-drops");

	[[nodiscard]] std::optional<Plan> load() const;
	void store(const Plan &proven) const;

private:
	KeptFile file_;
};

// The Plan that store() wrote as these bytes; nothing where they are not one whole Plan.
std::optional<Plan> plan_in(std::span<const char> content);

// The Plan that an earlier start proved. Sets the kernel's layout to the one that the Plan was proven with.
std::optional<Plan> load_proven(Kernel &kernel);

} // namespace nft_drops::jit

#endif
