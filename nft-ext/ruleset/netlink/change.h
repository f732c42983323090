// SPDX-License-Identifier: GPL-2.0-only
// One table, chain or rule as an nf_tables message tells it: an entry of a dump, or an event.
#ifndef NFT_DROPS_NFT_EXT_RULESET_NETLINK_CHANGE_H
#define NFT_DROPS_NFT_EXT_RULESET_NETLINK_CHANGE_H

#include <libmnl/libmnl.h>

#include <cstdint>
#include <optional>
#include <string>

namespace nft_drops {

struct Change {
	enum class Kind : uint8_t {
		kNewTable,
		kDelTable,
		kNewChain,
		kDelChain,
		kNewRule,
		kDelRule,
		kGeneration, // the end of a commit: everything since the last one is in force from this generation on
	};
	Kind kind = Kind::kGeneration;
	uint8_t family = 0;   // NFPROTO_*
	bool base = false;    // chain: has a hook
	bool binding = false; // chain: an implicit one (`jump { ... }`)
	int32_t priority = 0; // base chain: of its hook (NFTA_HOOK_PRIORITY)
	uint32_t generation = 0;
	uint32_t use = 0;    // chain: rules in it and jumps to it (NFTA_CHAIN_USE)
	uint64_t handle = 0; // of the table, chain or rule
	uint32_t owner = 0;  // table: netlink port of the socket that owns the table; 0: none does (NFTA_TABLE_OWNER)
	std::string table;
	std::string chain;
	// Rule: the chain named __chain* that it jumps to, else empty.
	std::string implicit;
};

// nullopt for messages about anything else and for malformed ones. Only the attributes above are looked at: a dump of
// 100,000 rules passes here.
std::optional<Change> parse_change(const nlmsghdr *message);

} // namespace nft_drops

#endif
