// SPDX-License-Identifier: GPL-2.0-only
// The rules and policies of a listing as a table, busiest first:
//
//	packets   bytes  last seen            rule
//	     12     720  2026-11-20 21:45:01  inet filter input policy "type filter hook input priority filter; ..."
//	      5     300  2026-11-20 21:44:59  inet filter input handle 7 "tcp dport 10000 drop"
//
// Names and texts are written as in `monitor --format line`.
#ifndef NFT_DROPS_NFT_EXT_COUNTS_BUSIEST_H
#define NFT_DROPS_NFT_EXT_COUNTS_BUSIEST_H

#include "nft-ext/counts/annotator.h"
#include "nft-ext/counts/drop_counts.h"

#include <string>
#include <vector>

namespace nft_drops {

class Busiest {
public:
	void add(const ListedLine &line, const Drops &drops);
	// Without a heading of its own; empty where nothing was added.
	[[nodiscard]] std::string table() const;

private:
	struct Row {
		Drops drops;
		std::string culprit;
	};
	std::vector<Row> rows_;
};

} // namespace nft_drops

#endif
