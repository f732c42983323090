// SPDX-License-Identifier: GPL-2.0-only
// All rules and policies of one network namespace with their texts, as `nft -a -s -t list ruleset` has them; and as
// bytes, for a process that lists (listing_worker.h).
#ifndef NFT_DROPS_NFT_EXT_METRICS_LISTED_RULES_H
#define NFT_DROPS_NFT_EXT_METRICS_LISTED_RULES_H

#include "jit/base/result.h"
#include "nft-ext/counts/annotator.h"
#include "nft-ext/counts/drop_counts.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nft_drops {

// Family, table and chain, as labels.
struct ListedChain {
	std::string family;
	std::string table;
	std::string chain;
	bool operator==(const ListedChain &) const = default;
};

// A rule, or a base chain's policy.
struct ListedRule {
	Culprit culprit;
	uint32_t chain = 0;    // in ListedRules::chains()
	bool may_drop = false; // rule_words.h; a policy: it is `drop`
	std::string text;      // these two as labels
	std::string comment;
};

class ListedRules {
public:
	[[nodiscard]] const std::vector<ListedChain> &chains() const { return chains_; }
	[[nodiscard]] const std::vector<ListedRule> &rules() const { return rules_; }
	// The generation that was listed; nothing: the ruleset kept changing meanwhile.
	[[nodiscard]] std::optional<uint32_t> generation() const { return generation_; }

	void add(const ListedLine &line);
	// The bytes are a record of pack() for each line, then one of pack_end() or pack_error(). `changed`: the
	// ruleset changed meanwhile.
	[[nodiscard]] static std::string pack(const ListedLine &line);
	[[nodiscard]] static std::string pack_end(uint32_t generation, bool changed);
	[[nodiscard]] static std::string pack_error(std::string_view error);
	// Fails where the bytes tell an error, or end too early.
	[[nodiscard]] static Result<ListedRules> unpack(std::string_view bytes);

private:
	std::vector<ListedChain> chains_;
	std::vector<ListedRule> rules_;
	std::optional<uint32_t> generation_;
};

} // namespace nft_drops

#endif
