// SPDX-License-Identifier: GPL-2.0-only
// What the history knows of drops. Times are nanoseconds since the epoch, by the wall clock, unless their names say
// something else.
#ifndef NFT_DROPS_NFT_EXT_HISTORY_ROW_H
#define NFT_DROPS_NFT_EXT_HISTORY_ROW_H

#include "bpf/shared/event.h"
#include "nft-ext/packet/packet.h"

#include <cstdint>
#include <string>

namespace nft_drops {

// A rule or policy in words, as it was when it dropped. The database holds equal words once.
struct CulpritWords {
	uint32_t netns = 0;     // inode number of the network namespace
	std::string netns_name; // as `ip netns` has it, or a process in it; empty: that of the recorder
	std::string family;     // as nft writes it
	std::string table;
	uint64_t table_handle = 0;
	std::string chain; // that the rule stands in; the base chain where that cannot be told
	uint64_t chain_handle = 0;
	bool chain_known = false;
	std::string base_chain;
	std::string hook;       // as nft writes it
	uint8_t cause = 0;      // enum nd_cause
	uint64_t handle = 0;    // of the rule; 0 for a policy
	std::string text;       // as Attribution::text; empty where it cannot be told
	std::string expression; // the kernel's name of the expression that dropped; empty where it cannot be told

	bool operator==(const CulpritWords &) const = default;
};

// Which packets: as struct nd_flow_key, with the devices' names.
struct FlowWords {
	// Flows that had no room. All else is empty then.
	static constexpr uint8_t kOthers = 0xff;

	uint8_t kind = 0; // enum nd_flow_kind, or kOthers
	uint8_t protocol = 0;
	uint16_t port = 0;
	std::string iif, oif;
	Address saddr, daddr;
};

// How many drops, and when.
struct DropSums {
	int64_t packets = 0;
	int64_t bytes = 0;
	int64_t first = 0;
	int64_t last = 0;
};

struct Row {
	const CulpritWords *culprit = nullptr;
	FlowWords flow;
	DropSums drops;
};

} // namespace nft_drops

#endif
