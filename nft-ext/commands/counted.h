// SPDX-License-Identifier: GPL-2.0-only
// What the kernel counted, as the counts of one network namespace.
#ifndef NFT_DROPS_NFT_EXT_COUNTS_COUNTED_H
#define NFT_DROPS_NFT_EXT_COUNTS_COUNTED_H

#include "jit/base/result.h"
#include "jit/count/rule_counts.h"
#include "nft-ext/counts/drop_counts.h"
#include "nft-ext/counts/rules_now.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

namespace nft_drops::cli {

// The cookie that names this process's network namespace in the counts: no other has or had it.
Result<uint64_t> present_netns_cookie();

// Of one namespace; a rule's drops at the jump limit are among the rule's.
DropCounts counts_of(const jit::RuleCounts &counts, uint64_t netns);

// Which of them are of rules and chains of this namespace that are deleted. `is_there` tells what a ruleset has that
// was read after the counts: handles are never given again, so what is not there then never comes back.
std::vector<jit::RuleCount> deleted_rules(const jit::RuleCounts &counts, uint64_t netns,
                                          const std::function<bool(const Culprit &)> &is_there);
std::vector<jit::RuleCount> deleted_rules(const jit::RuleCounts &counts, uint64_t netns, const RulesNow &now);

// Who dropped, of one key.
Culprit culprit_of(const nd_count_key &key);

// When counting began.
std::chrono::system_clock::time_point since(const jit::RuleCounts &counts);

} // namespace nft_drops::cli

#endif
