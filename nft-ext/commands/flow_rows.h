// SPDX-License-Identifier: GPL-2.0-only
// From the kernel's sums by rule and flow to rows of the history: texts of the time, wall times, names.
#ifndef NFT_DROPS_NFT_EXT_COMMANDS_FLOW_ROWS_H
#define NFT_DROPS_NFT_EXT_COMMANDS_FLOW_ROWS_H

#include "jit/flows/flows.h"
#include "nft-ext/drop/attributor.h"
#include "nft-ext/drop/kernel_names.h"
#include "nft-ext/history/row.h"
#include "nft-ext/loop/loop.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace nft_drops::cli {

class FlowRows {
public:
	static constexpr std::chrono::seconds kPatience{2};

	// `only`: the namespace (inode number) whose drops are wanted, and what it is called; 0: all.
	FlowRows(Loop &loop, Attributor &attributor, KernelNames &names, uint32_t only, std::string only_name)
	    : loop_(loop), attributor_(attributor), names_(names), only_(only), only_name_(std::move(only_name)) {}

	struct Sums {
		int64_t packets = 0; // of the rows
		int64_t lost = 0;    // drops that are in no row: their rule is not known
		// With a MATCH (FlowsOptions::filter); else 0.
		int64_t seen = 0;      // all drops
		int64_t undecided = 0; // of these: what decides could not be read
	};
	// Everything since the last call, row by row. Runs the loop while texts are asked for, for kPatience at most:
	// what is not told by then has no text. The rows' culprits are valid until the next call of forget().
	Sums take(jit::Flows &flows, const std::function<void(const Row &)> &use);
	// Lets go of the culprits. No row may be in use.
	void forget();
	// Call it when nf_tables was loaded anew. Known culprits belong to the old ruleset and describe no further row.
	// The pointers to these culprits stay valid until forget().
	void ruleset_is_new();
	// There are so many that forget() is due.
	[[nodiscard]] bool crowded() const;

private:
	using Key = std::array<uint64_t, 5>; // struct nd_flow_rule_key
	const CulpritWords *culprit_of(const nd_flow_rule &rule);

	SharedAttribution attribution_of(const nd_event &event);

	Loop &loop_;
	Attributor &attributor_;
	KernelNames &names_;
	uint32_t only_;
	std::string only_name_;
	// Since the last forget(). Not longer: a text may change within one generation, as where a device is renamed.
	std::map<Key, std::unique_ptr<const CulpritWords>> known_;
	std::vector<std::unique_ptr<const CulpritWords>> of_old_rulesets_;
	Loop::Clock::time_point latest_;      // of the present take()
	std::map<uint32_t, size_t> given_up_; // by namespace: questions whose replies nobody waits for any more
};

} // namespace nft_drops::cli

#endif
