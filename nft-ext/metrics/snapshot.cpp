// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/metrics/snapshot.h"

#include <algorithm>
#include <utility>

namespace nft_drops {

namespace {

using ByCulprit = std::unordered_map<Culprit, std::vector<const CountedDrops *>, CulpritHash>;

ByCulprit by_culprit(const std::vector<CountedDrops> &counted) {
	ByCulprit found;
	for (const CountedDrops &drops : counted)
		found[drops.culprit].push_back(&drops);
	return found;
}

// Drops at the jump limit are series of their own, with no zero in front.
bool needs_zero(const ListedRule &rule, const ByCulprit &counted) {
	if (!rule.may_drop) return false;
	const auto found = counted.find(rule.culprit);
	return found == counted.end() || std::ranges::all_of(found->second, [](const CountedDrops *drops) {
		       return drops->reason == DropReason::kJumpLimit;
	       });
}

size_t zeroes_in(const ListedRules &listed, const ByCulprit &counted) {
	return static_cast<size_t>(std::ranges::count_if(
	        listed.rules(), [&](const ListedRule &rule) { return needs_zero(rule, counted); }));
}

} // namespace

std::vector<DropSeries> series_of(const ListedRules &listed, const std::vector<CountedDrops> &counted,
                                  size_t most_zeroes) {
	const ByCulprit found = by_culprit(counted);
	const bool with_zeroes = zeroes_in(listed, found) <= most_zeroes;
	std::vector<DropSeries> series;
	for (const ListedRule &rule : listed.rules()) {
		const ListedChain &chain = listed.chains()[rule.chain];
		if (with_zeroes && needs_zero(rule, found))
			series.push_back({.rule = &rule,
			                  .chain = &chain,
			                  .reason = rule.culprit.policy ? DropReason::kPolicy : DropReason::kRule});
		const auto dropped = found.find(rule.culprit);
		if (dropped == found.end()) continue;
		for (const CountedDrops *drops : dropped->second)
			series.push_back({&rule, &chain, drops->reason, drops->packets, drops->bytes});
	}
	return series;
}

void add_series(Snapshot &snapshot, const std::vector<NamespaceDrops> &all) {
	struct Wanted {
		const NamespaceDrops *of;
		size_t zeroes;
		bool with_zeroes = true;
	};
	std::vector<Wanted> wanted;
	for (const NamespaceDrops &one : all) {
		if (one.listed)
			wanted.push_back({.of = &one, .zeroes = zeroes_in(*one.listed, by_culprit(one.counted))});
		else
			snapshot.unread += one.counted.empty() ? 0 : 1;
	}
	std::ranges::stable_sort(wanted, {}, &Wanted::zeroes);
	size_t zeroes = 0;
	for (Wanted &one : wanted) {
		if (one.of->home) continue;
		zeroes += one.zeroes;
		one.with_zeroes = zeroes <= kMostZeroSeries;
	}
	std::ranges::stable_sort(wanted, {}, [](const Wanted &one) { return one.of->counted.size(); });
	size_t foreign = 0;
	std::erase_if(wanted, [&](const Wanted &one) {
		if (one.of->home || one.of->counted.empty()) return false;
		foreign += one.of->counted.size();
		const bool no_room = foreign > kMostForeignSeries;
		snapshot.unread += no_room ? 1 : 0;
		return no_room;
	});
	std::ranges::sort(wanted, {}, [](const Wanted &one) { return std::pair(!one.of->home, one.of->netns); });
	for (const Wanted &one : wanted)
		snapshot.namespaces.push_back({one.of->netns, series_of(*one.of->listed, one.of->counted,
		                                                        one.with_zeroes ? kMostZeroSeries : 0)});
}

} // namespace nft_drops
