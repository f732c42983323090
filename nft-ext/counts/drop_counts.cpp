// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/counts/drop_counts.h"

#include "nft-ext/text/clock.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string_view>

namespace nft_drops {

Drops &Drops::operator+=(const Drops &other) {
	packets += other.packets;
	bytes += other.bytes;
	last_seen = std::max(last_seen, other.last_seen);
	return *this;
}

size_t CulpritHash::operator()(const Culprit &culprit) const {
	constexpr uint64_t kOdd = 0x9e3779b97f4a7c15; // spreads handles, which are small, over all bits
	return std::hash<uint64_t>{}((culprit.table * kOdd ^ culprit.handle) * kOdd + culprit.policy);
}

Drops DropCounts::of(const Culprit &culprit) const {
	const auto found = by_culprit.find(culprit);
	return found == by_culprit.end() ? Drops{} : found->second;
}

std::string DropCounts::heading() const {
	std::string text = fmt::format("drop counts since {}, lost {}{}", second_of(since),
	                               lost_complete ? "" : "at least ", lost);
	if (unlisted.packets > 0)
		text += fmt::format(", unlisted packets {} bytes {}", unlisted.packets, unlisted.bytes);
	return text;
}

std::string second_of(std::chrono::system_clock::time_point time) {
	Clock clock(Clock::Zone::kLocal);
	std::string text(clock.timestamp(time).substr(0, std::string_view("0000-00-00T00:00:00").size()));
	text[text.find('T')] = ' ';
	return text;
}

} // namespace nft_drops
