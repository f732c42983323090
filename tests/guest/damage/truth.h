// SPDX-License-Identifier: GPL-2.0-only
// What really happens to packets, told by others than the code under test: rules' own counters, sendto()'s answers and
// a socket that sees what was let in.
#ifndef NFT_DROPS_TESTS_GUEST_DAMAGE_TRUTH_H
#define NFT_DROPS_TESTS_GUEST_DAMAGE_TRUTH_H

#include "jit/attach/probe.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace nft_drops::guest {

// In the calling process's network namespace, which must be new: random tables with jumps, gotos, returns, verdict maps
// and sets, through which several hundred datagrams go.
class Truth {
public:
	explicit Truth(uint32_t seed);
	Truth(const Truth &) = delete;
	Truth &operator=(const Truth &) = delete;
	~Truth();

	[[nodiscard]] uint32_t netns() const { return netns_; }
	// Sends all packets in front of the probe's eyes. Nothing where it told the truth, else in what it did not.
	std::optional<std::string> contradicts(jit::Probe &probe);

private:
	using RuleKey = std::pair<uint64_t, uint64_t>; // handles of table and rule
	struct Chain {
		std::string name;
		uint64_t table = 0;
		int hook = 0;
		bool policy_drop = false;
	};
	[[nodiscard]] std::map<RuleKey, uint64_t> counters();
	// True where it was dropped on its way out.
	bool send(uint16_t port) const;
	[[nodiscard]] bool received(uint16_t port) const;

	uint32_t netns_ = 0;
	int sender_ = -1;
	int listener_ = -1;
	std::map<uint64_t, std::string> tables_;                    // by handle: "family name"
	std::map<uint64_t, std::map<uint64_t, Chain>> base_chains_; // by handles of table and chain
};

} // namespace nft_drops::guest

#endif
