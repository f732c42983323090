// SPDX-License-Identifier: GPL-2.0-only
// The counts of all network namespaces as Prometheus' text, for one scrape after another.
#ifndef NFT_DROPS_NFT_EXT_COMMANDS_SCRAPER_H
#define NFT_DROPS_NFT_EXT_COMMANDS_SCRAPER_H

#include "jit/base/result.h"
#include "jit/count/rule_counts.h"
#include "nft-ext/commands/counted_namespaces.h"
#include "nft-ext/metrics/namespace_listings.h"

#include <string>
#include <vector>

namespace nft_drops::cli {

class Scraper {
public:
	// Lives in the present network namespace.
	static Result<Scraper> create();
	// One scrape. Waits for the ruleset of the present namespace, and for those of all others together only as long
	// as ListingBounds::wait.
	Result<std::string> scrape();

private:
	explicit Scraper(NetNamespace home) : home_(std::move(home)) {}
	void make_room(const jit::RuleCounts &counts, const std::vector<CountedNamespace> &namespaces);
	void tell(const std::string &why);
	void tell_unread(size_t unread);

	NetNamespace home_;
	NamespaceListings listings_;
	std::string told_;  // why counting is off
	size_t unread_ = 0; // namespaces that the last scrape could not read
};

} // namespace nft_drops::cli

#endif
