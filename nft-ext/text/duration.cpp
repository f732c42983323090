// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/text/duration.h"

#include <charconv>
#include <cstdint>

namespace nft_drops::cli {

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
	struct Unit {
		std::string_view name;
		uint64_t milliseconds;
	};
	// "ms" before "m": the longer one first.
	static constexpr Unit kUnits[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
	constexpr uint64_t kMost = 10ULL * 365 * 86'400'000;
	uint64_t sum = 0;
	if (text.empty()) return std::nullopt;
	while (!text.empty()) {
		uint64_t n = 0;
		auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
		if (error != std::errc() || n > kMost) return std::nullopt;
		text.remove_prefix(static_cast<size_t>(end - text.data()));
		const Unit *unit = nullptr;
		for (const Unit &u : kUnits) {
			if (!unit && text.starts_with(u.name)) unit = &u;
		}
		if (unit)
			text.remove_prefix(unit->name.size());
		else if (!text.empty() || sum)
			return std::nullopt; // without a unit: alone only
		sum += n * (unit ? unit->milliseconds : 1000);
		if (sum > kMost) return std::nullopt;
	}
	if (sum == 0) return std::nullopt;
	return std::chrono::milliseconds(sum);
}

} // namespace nft_drops::cli
