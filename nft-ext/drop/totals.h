// SPDX-License-Identifier: GPL-2.0-only
// Totals of a run: the figures of the summary line.
#ifndef NFT_DROPS_NFT_EXT_DROP_TOTALS_H
#define NFT_DROPS_NFT_EXT_DROP_TOTALS_H

#include "bpf/shared/event.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nft_drops::cli {

struct Totals {
	uint64_t by_rule = 0;
	uint64_t by_policy = 0;
	uint64_t other = 0;
	uint64_t undecided = 0; // ND_FLAG_UNDECIDED: none of the above
	uint64_t filtered = 0;  // user space found that the SELECTOR does not take the drop: none of the above

	void add(const nd_event &event);
	[[nodiscard]] uint64_t all() const { return by_rule + by_policy + other; }
	// "N drops (R by rule, P by policy, O other), L lost"
	// With a filter, of `of` drops: "N drops (...) of T, L lost".
	// `unseen`: how long the probe did not see. Then nobody knows what was lost, and the line says so.
	[[nodiscard]] std::string summary(uint64_t lost, std::optional<uint64_t> of = std::nullopt,
	                                  std::chrono::milliseconds unseen = {}) const;
	// "N drops concerned CMD (R by rule, P by policy, O other), L lost"; `unseen` as in summary().
	[[nodiscard]] std::string concerned(std::string_view cmd, uint64_t lost,
	                                    std::chrono::milliseconds unseen) const;
	// What the kernel counted for an audit.
	struct Audited {
		uint64_t seen;  // drops by nf_tables
		uint64_t freed; // of these: the kernel gave netfilter as the reason when it freed the packet
		uint64_t other; // packets that other code of netfilter freed
		// Of `seen` and `other`: the SELECTOR or the filter does not take them. Nothing: there is neither.
		std::optional<uint64_t> filtered;
	};
	// "1,203 netfilter drops = 1,198 by rule + 5 by policy + 0 other"
	// With a filter all of netfilter's drops, whether they were asked for or not: "1,203 netfilter drops = 3 by
	// rule + 0 by policy + 1 other + 2 undecided + 1,197 not asked for".
	[[nodiscard]] std::string audit(const Audited &kernel) const;
};

} // namespace nft_drops::cli

#endif
