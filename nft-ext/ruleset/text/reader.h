// SPDX-License-Identifier: GPL-2.0-only
// Reads the present text of one rule, or of one chain's `type ...;` line, exactly as `nft -a -s list ruleset` prints
// it.
#ifndef NFT_DROPS_NFT_EXT_RULESET_TEXT_READER_H
#define NFT_DROPS_NFT_EXT_RULESET_TEXT_READER_H

#include "nft-ext/ruleset/index/index.h"
#include "nft-ext/ruleset/netlink/netlink.h"
#include "nft-ext/ruleset/netlink/references.h"
#include "nft-ext/ruleset/text/formatter.h"
#include "nft-ext/ruleset/text/listing.h"

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

namespace nft_drops {

struct Text {
	std::string text;
	bool names_links = false; // see References
};

enum class Unread : uint8_t {
	kGone,         // the kernel has no such object under the names that the index knows
	kNeedsXtables, // a rule of iptables-nft, and Reader was told not to print these
	kCannot,       // nft does not print it, or not so that it can be told which text is its
};

// The text may be mixed from two generations; whoever asks checks that nothing changed meanwhile.
class Reader {
public:
	// `narrow`: use the narrow way (60 to 120 us); else, and where that fails, the plain one (a listing of
	// everything, seconds for 100,000 rules).
	// `xtables`: rules of iptables-nft may be printed.
	Reader(Query &query, Formatter &formatter, bool narrow, bool xtables = false)
	    : query_(query), formatter_(formatter), narrow_(narrow), xtables_(xtables) {}

	std::expected<Text, Unread> rule(Table &table, const Rule &rule);
	std::expected<Text, Unread> chain_line(Table &table, const Chain &chain);

	// Interfaces were renamed: what is kept of earlier listings is of no use any more.
	void links_changed();

	// How often everything had to be listed.
	[[nodiscard]] uint64_t plain_listings() const { return plain_listings_; }

private:
	struct Scope;

	std::optional<Unread> include_rule(Table &table, const std::string &chain, uint64_t handle, bool nested,
	                                   Scope &scope);
	std::optional<Unread> include_nested(Table &table, const std::string &chain, Scope &scope);
	std::optional<Unread> sort_sets(const Table &table, Scope &scope);
	std::optional<std::string> narrow_rule(const Table &table, const Chain &chain, const Rule &rule,
	                                       const Scope &scope);
	std::optional<std::string> empty_listing(const Table &table, const Chain &chain, const Scope &scope);
	const TableText *plain(const Table &table);

	Query &query_;
	Formatter &formatter_;
	bool narrow_;
	bool xtables_;
	uint64_t plain_listings_ = 0;

	// The last listing of a chain without its rules, and what it depends on.
	std::string empty_key_;
	std::string empty_;
	// The last plain listing of a table, and the generation it is of.
	uint64_t plain_table_ = 0;
	uint32_t plain_generation_ = 0;
	TableText plain_;
};

} // namespace nft_drops

#endif
