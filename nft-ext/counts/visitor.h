// SPDX-License-Identifier: GPL-2.0-only
// Finds the counts for each line of a listing; asks the kernel for the handles that the listing does not tell.
#ifndef NFT_DROPS_NFT_EXT_COUNTS_VISITOR_H
#define NFT_DROPS_NFT_EXT_COUNTS_VISITOR_H

#include "nft-ext/counts/annotator.h"
#include "nft-ext/counts/busiest.h"
#include "nft-ext/counts/drop_counts.h"
#include "nft-ext/counts/json_annotator.h"
#include "nft-ext/ruleset/netlink/netlink.h"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nft_drops {

class CountsVisitor final : public ListingVisitor {
public:
	// `busiest`: where the lines with drops go in place of comments; may be nullptr.
	CountsVisitor(const DropCounts &counts, bool zero, Busiest *busiest);

	std::string comment(const ListedLine &line) override;
	uint64_t table_handle(std::string_view family, std::string_view table) override;
	std::optional<std::vector<uint64_t>> inner_rules(const ListedLine &rule) override;
	// The "drops" member for an object of nft's JSON.
	std::string members(const JsonObject &object);

	// Rules within `jump { ... }` were left without counts, because the ruleset changed meanwhile.
	[[nodiscard]] bool inner_unknown() const { return inner_unknown_; }

private:
	std::string inner_members(const JsonObject &rule, uint64_t table);
	bool append_rules_of(uint8_t family, const std::string &table, const std::string &chain, uint64_t only,
	                     std::vector<uint64_t> &handles, int depth);

	const DropCounts &counts_;
	bool zero_;
	Busiest *busiest_;
	std::optional<Query> query_;
	uint32_t generation_ = 0; // before anything was listed
	bool inner_unknown_ = false;
	std::map<std::pair<std::string, std::string>, uint64_t> tables_; // of JSON: by family and name
};

} // namespace nft_drops

#endif
