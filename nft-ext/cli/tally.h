// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_NFT_EXT_CLI_TALLY_H
#define NFT_DROPS_NFT_EXT_CLI_TALLY_H

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
};

} // namespace nft_drops::cli

#endif
