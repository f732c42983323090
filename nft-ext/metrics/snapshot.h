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

struct Snapshot {
	bool counting = false; // all that follows is empty where counting is off
	std::string netns;     // a label: what the namespace is called
	std::vector<DropSeries> series;
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

// Most rules and policies that have series although they never dropped. Where there are more, none has: a scrape costs
// what drops, not what is loaded.
inline constexpr size_t kMostZeroSeries = 1000;

// The series of all rules and policies that are listed and dropped; and, at 0, of those that are listed and may drop,
// so that increase() sees a first drop. What is not in `listed` is deleted: its series ends. In the listing's order.
std::vector<DropSeries> series_of(const ListedRules &listed, const std::vector<CountedDrops> &counted);

} // namespace nft_drops

#endif
