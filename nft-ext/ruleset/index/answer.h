// SPDX-License-Identifier: GPL-2.0-only
// What the ruleset says about one drop: the words between an event (numbers out of the kernel) and the screen.
#ifndef NFT_DROPS_NFT_EXT_RULESET_INDEX_ANSWER_H
#define NFT_DROPS_NFT_EXT_RULESET_INDEX_ANSWER_H

#include <cstdint>
#include <string>
#include <vector>

namespace nft_drops {

// One rule that jumped.
struct PathStep {
	std::string chain;   // that it stands in
	uint64_t handle = 0; // 0 where it cannot be told
	std::string target;  // the chain that it names; empty for a verdict map, and where it cannot be told
};

struct Answer {
	std::string family; // as nft writes it: "ip", "ip6", "inet", "arp", "bridge", "netdev"
	std::string table;
	uint64_t table_handle = 0;
	// The chain that the dropping rule stands in; for a policy drop the base chain.
	std::string chain;
	uint64_t chain_handle = 0;
	std::string base_chain;
	// The rule exactly as `nft -a -s list ruleset` prints it, without indentation and without " # handle N"; may
	// hold newlines (comments, `jump { ... }`). For a policy drop the chain's own line, e.g. "type filter hook
	// input priority filter; policy drop;". Empty where `known` is false.
	std::string text;
	// False where the text that was in force at the time of the drop cannot be told (rule gone, replaced since):
	// the handle is then all that may be shown.
	bool known = false;
	// The same is true of every drop by the same rule or policy, in the same generation of the ruleset, from the
	// one of these times to the other (nanoseconds, CLOCK_MONOTONIC); of no other drop where they are in this
	// order.
	uint64_t from_ns = 1;
	uint64_t until_ns = 0;
	// Not 0: answers with the same number are the same. A renderer need not render them twice.
	uint64_t id = 0;
	// The kernel's name of the rule's expression that gave the verdict ("immediate", "masq"); empty where it cannot
	// be told.
	std::string expression = {};
	// The network namespace's name, where several are watched; else empty.
	std::string netns = {};
	// The function that freed the packet, where it was none of nf_tables' drops.
	std::string location = {};
	// How the packet got from the base chain to the rule, where it was asked for: each rule that jumped, outermost
	// first.
	std::vector<PathStep> path = {};
	bool path_known = false;
};

} // namespace nft_drops

#endif
