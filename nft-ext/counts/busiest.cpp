// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/counts/busiest.h"

#include "nft-ext/text/escape.h"

#include <fmt/format.h>

#include <algorithm>

namespace nft_drops {

void Busiest::add(const ListedLine &line, const Drops &drops) {
	std::string culprit;
	for (const std::string_view name : {line.family, line.table, line.chain}) {
		append_escaped(culprit, name, Escape::kWord);
		culprit += ' ';
	}
	culprit += line.policy ? "policy \"" : fmt::format("handle {} \"", line.handle);
	append_escaped(culprit, line.text, Escape::kQuoted);
	culprit += '"';
	rows_.push_back({drops, std::move(culprit)});
}

std::string Busiest::table() const {
	if (rows_.empty()) return {};
	std::vector<const Row *> sorted;
	for (const Row &row : rows_)
		sorted.push_back(&row);
	// Those that are equally busy stay in the listing's order.
	std::ranges::stable_sort(sorted, [](const Row *a, const Row *b) {
		if (a->drops.packets != b->drops.packets) return a->drops.packets > b->drops.packets;
		return a->drops.bytes > b->drops.bytes;
	});
	size_t packets = std::string_view("packets").size();
	size_t bytes = std::string_view("bytes").size();
	for (const Row *row : sorted) {
		packets = std::max(packets, fmt::formatted_size("{}", row->drops.packets));
		bytes = std::max(bytes, fmt::formatted_size("{}", row->drops.bytes));
	}
	std::string text =
	        fmt::format("{:>{}}  {:>{}}  {:<19}  rule\n", "packets", packets, "bytes", bytes, "last seen");
	for (const Row *row : sorted) {
		const std::string seen = row->drops.packets > 0 ? second_of(row->drops.last_seen) : "never";
		text += fmt::format("{:>{}}  {:>{}}  {:<19}  {}\n", row->drops.packets, packets, row->drops.bytes,
		                    bytes, seen, row->culprit);
	}
	return text;
}

} // namespace nft_drops
