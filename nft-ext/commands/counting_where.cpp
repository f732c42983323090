// SPDX-License-Identifier: GPL-2.0-only
// Not in counted.cpp: who only reads counts must not link what starts to count, which is LLVM.
#include "nft-ext/commands/counting_where.h"

#include "nft-ext/text/report.h"

namespace nft_drops::cli {

std::string counting_where(const jit::RuleCounter &counter) {
	return "counting at " + where_it_looks(counter.meta().sites, counter.meta().release, counter.missed().complete);
}

} // namespace nft_drops::cli
