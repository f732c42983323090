// SPDX-License-Identifier: GPL-2.0-only
// What the text of one rule depends on beside the rule itself, out of the rule's own netlink message (NFT_MSG_NEWRULE).
#ifndef NFT_DROPS_NFT_EXT_RULESET_NETLINK_REFERENCES_H
#define NFT_DROPS_NFT_EXT_RULESET_NETLINK_REFERENCES_H

#include <libmnl/libmnl.h>

#include <string>
#include <vector>

namespace nft_drops {

// nf_tables names the chains of `jump { ... }` so; anybody may name a chain so, the flag NFT_CHAIN_BINDING tells.
inline constexpr const char *kImplicitPrefix = "__chain";

struct References {
	std::vector<std::string> sets; // of lookup, dynset and objref expressions, each once
	std::string jump;              // the chain that an immediate verdict leads to, else empty
	std::string implicit_chain;    // the chain named __chain* that an immediate verdict leads to, else empty
	// The text may hold names of interfaces that nft looks up by ifindex while it prints.
	bool names_links = false;
	bool xtables = false; // an expression of nft_compat: libnftables prints it by libxtables' modules
};

References references_of_rule(const nlmsghdr *message);

} // namespace nft_drops

#endif
