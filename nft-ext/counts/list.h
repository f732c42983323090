// SPDX-License-Identifier: GPL-2.0-only
// nft's own listing with what each rule and policy dropped, as it is printed: nothing of it is kept in memory here.
#ifndef NFT_DROPS_NFT_EXT_COUNTS_LIST_H
#define NFT_DROPS_NFT_EXT_COUNTS_LIST_H

#include "jit/base/result.h"
#include "nft-ext/counts/annotator.h"
#include "nft-ext/counts/drop_counts.h"

#include <functional>
#include <string>

namespace nft_drops {

struct ListRequest {
	std::string command; // "list ruleset", "list table inet filter"
	unsigned flags = 0;  // NFT_CTX_OUTPUT_*; handles are shown anyway
	bool zero = false;   // show what dropped nothing, too
	bool sorted = false; // a table, busiest first, in place of the listing
};

// Runs nft's command in the present network namespace, through libnftables in this very process: call it last, it may
// end the process where the kernel talks nonsense. `sink` takes and empties what is to be printed; nothing comes where
// nft fails. `warn` gets what nft, or this function, has to say beside that, whole lines.
Result<void> list_with_drops(const ListRequest &request, const DropCounts &counts,
                             const std::function<void(std::string &)> &sink,
                             const std::function<void(const std::string &)> &warn);

// Shows `visitor` each rule and each policy line of nft's listing, in its order; a comment that it gives goes nowhere.
// In this very process, as above.
Result<void> visit_listing(const ListRequest &request, ListingVisitor &visitor);

} // namespace nft_drops

#endif
