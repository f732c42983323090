// SPDX-License-Identifier: GPL-2.0-only
// What one scrape tells: figures and labels, before they become text.
#ifndef NFT_DROPS_NFT_EXT_METRICS_SNAPSHOT_H
#define NFT_DROPS_NFT_EXT_METRICS_SNAPSHOT_H

#include "nft-ext/metrics/listed_rules.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace nft_drops {

enum class DropReason : uint8_t { kRule, kPolicy, kJumpLimit };

// What one rule or policy dropped. `rule` and `chain` are those of the ListedRules that the Snapshot was made of.
struct DropSeries {
	const ListedRule *rule = nullptr;
	const ListedChain *chain = nullptr;
	DropReason reason = DropReason::kRule;
	uint64_t packets = 0;
	uint64_t bytes = 0;
};

// The series of one network namespace.
struct NamespaceSeries {
	std::string netns; // a label: what the namespace is called
	std::vector<DropSeries> series;
};

struct Snapshot {
	bool counting = false; // all that follows is empty where counting is off
	std::vector<NamespaceSeries> namespaces;
	size_t unread = 0; // namespaces with drops that have no series: their rulesets were not read
	uint64_t lost = 0;
	bool lost_complete = false; // the kernel counts all that gets lost
	uint64_t unlisted = 0;      // packets of rules that had no room in the kernel's table
	std::string version;        // of nft-drops
	std::string kernel;         // release
};

// What was counted of one rule or policy, and for one reason.
struct CountedDrops {
	Culprit culprit;
	DropReason reason = DropReason::kRule;
	uint64_t packets = 0;
	uint64_t bytes = 0;
};

// What was counted in one network namespace.
struct NamespaceDrops {
	std::string netns;                   // a label
	bool home = false;                   // the one in which `metrics` runs
	const ListedRules *listed = nullptr; // null: not read
	std::vector<CountedDrops> counted;
};

// How many rules and policies that never dropped may have series. If a namespace has more of them, only what dropped
// has series there: a scrape costs what drops, not what is loaded. All namespaces but `home` together may have so many
// once more.
inline constexpr size_t kMostZeroSeries = 1000;
// Most series of rules and policies that dropped, of all namespaces but `home` together.
inline constexpr size_t kMostForeignSeries = 20000;

// The series of all rules and policies that are listed and dropped; and, at 0, of those that are listed and may drop
// where these are `most_zeroes` at most, so that increase() sees a first drop. What is not in `listed` is deleted: its
// series ends. In the listing's order.
std::vector<DropSeries> series_of(const ListedRules &listed, const std::vector<CountedDrops> &counted,
                                  size_t most_zeroes = kMostZeroSeries);

// The same for all namespaces, `home` first. Small ones come before large ones where there is not room for all, so that
// the owner of one takes no room from those that need little. What has no room, or was not read, and has drops, is
// `unread`.
void add_series(Snapshot &snapshot, const std::vector<NamespaceDrops> &all);

} // namespace nft_drops

#endif
