// SPDX-License-Identifier: GPL-2.0-only
// Reads all tables, chains and rule handles of the namespace into an index.
#ifndef NFT_DROPS_NFT_EXT_RULESET_INDEX_SNAPSHOT_H
#define NFT_DROPS_NFT_EXT_RULESET_INDEX_SNAPSHOT_H

#include "nft-ext/ruleset/index/index.h"
#include "nft-ext/ruleset/netlink/netlink.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace nft_drops {

struct Snapshot {
	uint32_t generation = 0; // that the index holds now
	size_t rules = 0;        // about how many there are
	bool with_rules = true;  // they are in the index
};

// Where the ruleset changed during each of three attempts, the generation is the one from before the last attempt, and
// the events of all later commits have to be applied. `lost`: since when events are missing, or nullptr.
//
// More than 5,000 rules are not listed: each part of a dump has the kernel skip all rules before it
// (nf_tables_dump_rules), so that 100,000 in one chain cost over a second. They are found one by one when asked for.
Result<Snapshot> take_snapshot(Query &query, Index &index, const ChangeTime *lost);

// Asks each chain of a table for a rule: a walk over all of its rules in the kernel, about 5 ms for 100,000.
Result<void> find_rule(Query &query, Index &index, const Table &table, uint64_t handle);

// Lists the rules of one chain, or where that is empty of a whole table. Returns their handles.
Result<std::vector<uint64_t>> find_rules(Query &query, Index &index, const Table &table, const std::string &chain);

} // namespace nft_drops

#endif
