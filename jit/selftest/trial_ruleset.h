// SPDX-License-Identifier: GPL-2.0-only
// The self-test's tables in the kernel.
#ifndef NFT_DROPS_JIT_SELFTEST_TRIAL_RULESET_H
#define NFT_DROPS_JIT_SELFTEST_TRIAL_RULESET_H

#include "jit/base/result.h"
#include "jit/selftest/trials.h"

#include <cstdint>

namespace nft_drops::jit {

// What the kernel called the things that it was given; 0: it has none such. Plain data, to be sent between processes.
struct TrialHandles {
	static constexpr size_t kMost = 32;
	uint64_t table[kTrialTables]{};
	uint64_t chain[kTrialTables][kMost]{}; // as in TrialTable::chains
	uint64_t rule[kTrialTables][kMost]{};  // as in TrialTable::rules
	uint32_t generation = 0;
};

// Puts all tables into the calling process's network namespace, which must have none, and asks for the handles.
// A family that this kernel does not know and an optional table that it refuses are left out (their handles stay 0).
Result<TrialHandles> load_trial_ruleset();

} // namespace nft_drops::jit

#endif
