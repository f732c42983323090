// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/history/flow_query.h"

#include "nft-ext/history/schema.h"

#include <fmt/format.h>

#include <utility>

namespace nft_drops {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

// Rows of these times. A port is the third column of the rows' key, behind bucket and culprit: where the few values of
// both are named, SQLite seeks each of them in place of reading all rows of the time.
std::string buckets_within(const HistoryQuery &query, size_t culprits, int64_t since, int64_t until, int width) {
	constexpr int64_t kMostSeeks = 100'000;
	const int64_t first = (since - width) / width + 1, last = until / width;
	const bool few = last >= first && (last - first + 1) * static_cast<int64_t>(culprits) <= kMostSeeks;
	if (!query.match || !query.match->port() || !few)
		return fmt::format("bucket > {} AND bucket <= {}", since - width, until);
	std::string list;
	for (int64_t bucket = first; bucket <= last; bucket++)
		list += fmt::format("{}{}", list.empty() ? "" : ",", bucket * width);
	return fmt::format("bucket IN ({}) AND culprit IN (SELECT id FROM culprit)", list);
}

} // namespace

std::string flow_query(const HistoryQuery &query, const std::unordered_map<int64_t, CulpritWords> &culprits) {
	const bool every = query.family.empty() && query.table.empty() && query.chain.empty() && query.handle == 0;
	std::string only;
	if (!every) {
		for (const auto &[id, culprit] : culprits)
			only += fmt::format("{}{}", only.empty() ? "" : ",", id);
		only = fmt::format(" AND culprit IN ({})", only);
	}
	if (query.match && query.match->port()) only += fmt::format(" AND port = {}", *query.match->port());
	// Rows whose bucket touches the time, and that are not known to lie outside of it.
	std::string rows;
	for (const auto &[table, width] : {std::pair("minute", kMinuteSeconds), std::pair("hour", kHourSeconds)})
		rows += fmt::format(
		        "{}SELECT * FROM {} WHERE {} AND last >= {} AND first <= {}{}",
		        rows.empty() ? "" : " UNION ALL ", table,
		        buckets_within(query, culprits.size(), query.since / kSecond, query.until / kSecond, width),
		        query.since, query.until, only);
	return fmt::format("SELECT culprit, port, protocol, kind, saddr, daddr, iif, oif, sum(packets), sum(bytes),"
	                   " min(first), max(last) FROM ({})"
	                   " GROUP BY culprit, port, protocol, kind, saddr, daddr, iif, oif",
	                   rows);
}

} // namespace nft_drops
