// SPDX-License-Identifier: GPL-2.0-only
// Which gotos led a packet from one chain to another. The kernel keeps no trace of a goto: it is known only where the
// rules leave a single way.
#ifndef NFT_DROPS_NFT_EXT_RULESET_DETAILS_GOTO_PATH_H
#define NFT_DROPS_NFT_EXT_RULESET_DETAILS_GOTO_PATH_H

#include "nft-ext/ruleset/details/details.h"

#include <optional>
#include <string>
#include <vector>

namespace nft_drops {

// A rule that may have sent the packet on.
struct GotoRule {
	std::string from;                   // the chain that the rule stands in
	std::optional<std::string> to;      // nullopt: where it leads is not known (a map that has changed)
	std::vector<ElementFound> elements; // of the sets and maps that the rule asks
};

// `rules`: all rules with a goto of the chains that gotos reach from `from` on, `from` among them; without those that
// certainly did not match. Returns the elements of the rules on the way to `to`. Where several ways lead there, the
// last rules' sets are named, and their elements are unknown.
std::vector<ElementFound> elements_of_gotos(const std::vector<GotoRule> &rules, const std::string &from,
                                            const std::string &to);

} // namespace nft_drops

#endif
