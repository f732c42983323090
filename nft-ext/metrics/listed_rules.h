// SPDX-License-Identifier: GPL-2.0-only
// All rules and policies of the present network namespace with their texts, by one `nft -a -s -t list ruleset`.
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
	// Lists in a child process, because libnftables may end the process where the kernel talks nonsense, and keeps
	// the memory that a large ruleset took. Waits at most ten minutes.
	static Result<ListedRules> read();

	[[nodiscard]] const std::vector<ListedChain> &chains() const { return chains_; }
	[[nodiscard]] const std::vector<ListedRule> &rules() const { return rules_; }
	// The generation that was listed; nothing: the ruleset kept changing meanwhile.
	[[nodiscard]] std::optional<uint32_t> generation() const { return generation_; }

	void add(const ListedLine &line);
	// What read()'s child sends for each line, and all that it sent. Fails where the child told an error, or where
	// the bytes end too early.
	[[nodiscard]] static std::string pack(const ListedLine &line);
	[[nodiscard]] static Result<ListedRules> unpack(std::string_view bytes);

private:
	std::vector<ListedChain> chains_;
	std::vector<ListedRule> rules_;
	std::optional<uint32_t> generation_;
};

// The generation of the present namespace's ruleset now: it grows with each commit.
Result<uint32_t> ruleset_generation();

} // namespace nft_drops

#endif
