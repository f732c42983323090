// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_NFT_EXT_DROP_TALLY_H
#define NFT_DROPS_NFT_EXT_DROP_TALLY_H

#include "bpf/shared/event.h"

#include <cstdint>
#include <string>

namespace nft_drops::cli {

// The figures of the summary line.
struct Tally {
	uint64_t by_rule = 0;
	uint64_t by_policy = 0;
	uint64_t other = 0;

	void add(const nd_event &event);
	[[nodiscard]] uint64_t all() const { return by_rule + by_policy + other; }
	// "N drops (R by rule, P by policy, O other), L lost"
	[[nodiscard]] std::string summary(uint64_t lost) const;
	// "1,203 netfilter drops = 1,198 by rule + 5 by policy + 0 other"; `seen` of ours by the probe, of which the
	// kernel said about `freed` that netfilter dropped them.
	[[nodiscard]] std::string audit(uint64_t seen, uint64_t freed) const;
};

} // namespace nft_drops::cli

#endif
