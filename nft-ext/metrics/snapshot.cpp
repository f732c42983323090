// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/metrics/snapshot.h"

#include <algorithm>

namespace nft_drops {

std::vector<DropSeries> series_of(const ListedRules &listed, const std::vector<CountedDrops> &counted) {
	std::unordered_map<Culprit, std::vector<const CountedDrops *>, CulpritHash> by_culprit;
	for (const CountedDrops &drops : counted)
		by_culprit[drops.culprit].push_back(&drops);

	// Drops at the jump limit are series of their own, with no zero in front.
	const auto dropped = [&](const ListedRule &rule) {
		const auto found = by_culprit.find(rule.culprit);
		return found != by_culprit.end() && std::ranges::any_of(found->second, [](const CountedDrops *drops) {
			       return drops->reason != DropReason::kJumpLimit;
		       });
	};
	const auto zeroes = std::ranges::count_if(
	        listed.rules(), [&](const ListedRule &rule) { return rule.may_drop && !dropped(rule); });
	const bool with_zeroes = static_cast<size_t>(zeroes) <= kMostZeroSeries;

	std::vector<DropSeries> series;
	for (const ListedRule &rule : listed.rules()) {
		const ListedChain &chain = listed.chains()[rule.chain];
		if (with_zeroes && rule.may_drop && !dropped(rule))
			series.push_back({.rule = &rule,
			                  .chain = &chain,
			                  .reason = rule.culprit.policy ? DropReason::kPolicy : DropReason::kRule});
		const auto found = by_culprit.find(rule.culprit);
		if (found == by_culprit.end()) continue;
		for (const CountedDrops *drops : found->second)
			series.push_back({&rule, &chain, drops->reason, drops->packets, drops->bytes});
	}
	return series;
}

} // namespace nft_drops
