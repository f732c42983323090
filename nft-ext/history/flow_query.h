// SPDX-License-Identifier: GPL-2.0-only
// The SQL that finds a query's flows, by the rows' keys: no row of another time is read, and where MATCH names the only
// port, no row of another port.
#ifndef NFT_DROPS_NFT_EXT_HISTORY_FLOW_QUERY_H
#define NFT_DROPS_NFT_EXT_HISTORY_FLOW_QUERY_H

#include "nft-ext/history/reader.h"

#include <cstdint>
#include <string>
#include <unordered_map>

namespace nft_drops {

// `culprits`: those that the query selects, by their numbers. A row of the answer: culprit, port, protocol, kind,
// saddr, daddr, iif, oif, packets, bytes, first, last.
std::string flow_query(const HistoryQuery &query, const std::unordered_map<int64_t, CulpritWords> &culprits);

} // namespace nft_drops

#endif
