// SPDX-License-Identifier: GPL-2.0-only
// Which rule or policy dropped a packet, and its text: what the ruleset says about one drop.
#ifndef NFT_DROPS_NFT_EXT_RULESET_INDEX_ATTRIBUTION_H
#define NFT_DROPS_NFT_EXT_RULESET_INDEX_ATTRIBUTION_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace nft_drops {

struct Attribution {
	std::string family; // as nft writes it: "ip", "ip6", "inet", "arp", "bridge", "netdev"
	std::string table;
	uint64_t table_handle = 0;
	// Of a table with an owner: the inode of the netlink socket that owns the table, and the name of the process
	// that holds this socket. 0 and empty: there is no owner, or it is not known.
	uint64_t owner_socket = 0;
	std::string owner{};
	// The chain that the dropping rule stands in; for a policy drop the base chain.
	std::string chain;
	uint64_t chain_handle = 0;
	std::string base_chain;
	// The base chain's priority within its hook: 0 for `priority filter`. nullopt where it is not known.
	std::optional<int32_t> priority{};
	// The rule exactly as `nft -a -s list ruleset` prints it, without indentation and without " # handle N"; may
	// hold newlines (comments, `jump { ... }`). For a policy drop the chain's own line, e.g. "type filter hook
	// input priority filter; policy drop;". Empty where `known` is false.
	std::string text;
	// False where the text that was in force at the time of the drop is not known: the handle is then all that may
	// be shown.
	bool known = false;
	// The text is not known because the ruleset's reader did not answer in time; the rule may still exist.
	bool unread = false;
	// The same attribution holds for every drop by the same rule or policy, in the same generation of the ruleset,
	// between these two times (nanoseconds, CLOCK_MONOTONIC); for no other drop where from_ns > until_ns.
	uint64_t from_ns = 1;
	uint64_t until_ns = 0;
	// Not 0: attributions with the same number are equal. A renderer need not render them twice.
	uint64_t id = 0;

	// About how much memory it takes.
	[[nodiscard]] size_t bytes() const {
		return sizeof(*this) + family.capacity() + table.capacity() + chain.capacity() + base_chain.capacity() +
		       text.capacity() + owner.capacity();
	}
};

// A thousand drops by one rule share one attribution.
using SharedAttribution = std::shared_ptr<const Attribution>;

} // namespace nft_drops

#endif
