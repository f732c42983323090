// SPDX-License-Identifier: GPL-2.0-only
// What really happens to packets, told by others than the code under test: rules' own counters, sendto()'s answers and
// a socket that sees what was let in.
#ifndef NFT_DROPS_TESTS_GUEST_DAMAGE_TRUTH_H
#define NFT_DROPS_TESTS_GUEST_DAMAGE_TRUTH_H

#include "random_table.h"

#include "jit/attach/probe.h"
#include "jit/kernel/live/expression_names.h"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nft_drops::guest {

// In the calling process's network namespace, which must be new: random tables with jumps, gotos, returns, verdict maps
// and sets, through which several hundred datagrams go.
class Truth {
public:
	Truth(uint32_t seed, const jit::ExpressionLayout &expressions);
	Truth(const Truth &) = delete;
	Truth &operator=(const Truth &) = delete;
	~Truth();

	[[nodiscard]] uint32_t netns() const { return netns_; }
	// Sends all packets while `probe` watches, which was attached by this Plan with nd_settings.path. Returns
	// nothing if the probe reported all correctly, else what is wrong.
	std::optional<std::string> contradicts(jit::Probe &probe, const jit::Plan &plan);

private:
	using RuleKey = std::pair<uint64_t, uint64_t>; // handles of table and rule
	struct Chain {
		std::string name;
		int hook = 0;
		bool policy_drop = false;
	};
	[[nodiscard]] std::map<RuleKey, uint64_t> counters();
	std::optional<std::string> contradicts(const nd_event &event, const nd_path *path, uint16_t port,
	                                       const jit::Plan &plan);
	// True where it was dropped on its way out.
	bool send(uint16_t port) const;
	[[nodiscard]] bool received(uint16_t port) const;

	uint32_t netns_ = 0;
	int sender_ = -1;
	int listener_ = -1;
	jit::ExpressionNames names_;
	std::array<RandomTable, 2> random_;
	std::map<uint64_t, std::string> tables_;                                 // by handle: "family name"
	std::map<uint64_t, std::map<uint64_t, Chain>> base_chains_;              // by handles of table and chain
	std::map<uint64_t, std::map<std::string, uint64_t>> chains_;             // handles, by table's handle and name
	std::map<uint64_t, std::map<std::string, std::vector<uint64_t>>> rules_; // handles in their order, by both
};

} // namespace nft_drops::guest

#endif
