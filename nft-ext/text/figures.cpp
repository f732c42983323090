// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/text/figures.h"

namespace nft_drops {

std::string grouped(uint64_t number) {
	std::string text = std::to_string(number);
	for (size_t at = text.size(); at > 3; at -= 3)
		text.insert(at - 3, 1, ',');
	return text;
}

std::string seconds(std::chrono::milliseconds time) {
	const int64_t tenths = (time.count() + 99) / 100;
	return std::to_string(tenths / 10) + '.' + std::to_string(tenths % 10);
}

} // namespace nft_drops
