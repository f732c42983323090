// SPDX-License-Identifier: GPL-2.0-only
// What has been counted in one network namespace: plain figures by handle, for a listing to show.
// nft-ext/commands/counted.h makes these figures from the kernel's counts.
#ifndef NFT_DROPS_NFT_EXT_COUNTS_DROP_COUNTS_H
#define NFT_DROPS_NFT_EXT_COUNTS_DROP_COUNTS_H

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>

namespace nft_drops {

struct Drops {
	uint64_t packets = 0;
	uint64_t bytes = 0;
	std::chrono::system_clock::time_point last_seen;

	Drops &operator+=(const Drops &other);
};

// Who drops: a rule by its handle, or a base chain's policy by the chain's. Handles are unique in their table, over
// time; a table's is unique in its namespace, over time.
struct Culprit {
	uint64_t table = 0;
	uint64_t handle = 0;
	bool policy = false;
	bool operator==(const Culprit &) const = default;
};

struct CulpritHash {
	size_t operator()(const Culprit &culprit) const;
};

struct DropCounts {
	std::unordered_map<Culprit, Drops, CulpritHash> by_culprit;
	std::chrono::system_clock::time_point since;
	uint64_t lost = 0;
	bool lost_complete = true; // the kernel counts all that gets lost
	Drops unlisted;            // dropped by rules that the kernel's table of counts had no room for

	[[nodiscard]] Drops of(const Culprit &culprit) const;
	// "drop counts since 2026-11-20 21:40:11, lost 0", and what is unlisted if anything is. "lost at least 0" where
	// the kernel does not count all that gets lost.
	[[nodiscard]] std::string heading() const;
};

// "2026-11-20 21:40:11", in the process's time zone.
std::string second_of(std::chrono::system_clock::time_point time);

} // namespace nft_drops

#endif
