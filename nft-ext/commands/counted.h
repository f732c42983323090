// SPDX-License-Identifier: GPL-2.0-only
// The kernel's figures, as those of one network namespace.
#ifndef NFT_DROPS_NFT_EXT_COUNTS_COUNTED_H
#define NFT_DROPS_NFT_EXT_COUNTS_COUNTED_H

#include "jit/base/result.h"
#include "jit/count/counting.h"
#include "jit/count/figures.h"
#include "nft-ext/counts/drop_counts.h"

#include <cstdint>
#include <string>

namespace nft_drops::cli {

// The cookie that names this process's network namespace in the counts: no other has or had it.
Result<uint64_t> present_netns_cookie();

// Of one namespace; a rule's drops at the jump limit are among the rule's.
DropCounts counts_of(const jit::Figures &figures, uint64_t netns);

// Who dropped, of one key.
Culprit culprit_of(const nd_count_key &key);

// "counting at 3 sites in nft_do_chain of Linux 6.12.117".
std::string counting_where(const jit::Counting &counting);

// When counting began.
std::chrono::system_clock::time_point since(const jit::Figures &figures);

} // namespace nft_drops::cli

#endif
