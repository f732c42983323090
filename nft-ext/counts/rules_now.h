// SPDX-License-Identifier: GPL-2.0-only
// Which rules and chains there are in the present network namespace, to tell which counts are of removed ones.
#ifndef NFT_DROPS_NFT_EXT_COUNTS_RULES_NOW_H
#define NFT_DROPS_NFT_EXT_COUNTS_RULES_NOW_H

#include "jit/base/result.h"
#include "nft-ext/counts/drop_counts.h"
#include "nft-ext/ruleset/netlink/netlink.h"

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace nft_drops {

class RulesNow {
public:
	static Result<RulesNow> read();

	[[nodiscard]] bool has(const Culprit &culprit) const { return there_.contains(culprit); }
	// "inet filter", or "table handle 3" for one that is gone.
	[[nodiscard]] std::string name_of(uint64_t table) const;

private:
	// nullopt where the ruleset changed meanwhile.
	static Result<std::optional<RulesNow>> read_once(Query &query);

	std::unordered_map<uint64_t, std::string> tables_;
	std::unordered_set<Culprit, CulpritHash> there_;
};

} // namespace nft_drops

#endif
