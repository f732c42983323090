// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/details/rule_look_ups.h"

#include <linux/netfilter/nf_tables.h>

#include <algorithm>

namespace nft_drops {
namespace {

constexpr size_t kWord = 4;

// Where a register begins: nft_parse_register(). kBytes for the verdict's register.
size_t place_of(uint32_t reg) {
	if (reg >= NFT_REG_1 && reg <= NFT_REG_4) return (reg - NFT_REG_1) * 4 * kWord;
	if (reg >= NFT_REG32_00 && reg <= NFT_REG32_15) return (reg - NFT_REG32_00) * kWord;
	return PacketRegisters::kBytes;
}

} // namespace

void PacketRegisters::store(uint32_t reg, const std::vector<uint8_t> &bytes) {
	const size_t at = place_of(reg);
	const size_t whole = (bytes.size() + kWord - 1) / kWord * kWord;
	if (at >= kBytes || whole > kBytes - at) return;
	std::fill_n(bytes_.begin() + static_cast<ptrdiff_t>(at), whole, uint8_t{0});
	std::fill_n(known_.begin() + static_cast<ptrdiff_t>(at), whole, true);
	std::ranges::copy(bytes, bytes_.begin() + static_cast<ptrdiff_t>(at));
}

void PacketRegisters::forget(uint32_t reg, size_t length) {
	const size_t at = place_of(reg);
	if (at >= kBytes) return;
	std::fill_n(known_.begin() + static_cast<ptrdiff_t>(at), std::min(length, kBytes - at), false);
}

std::optional<std::vector<uint8_t>> PacketRegisters::load(uint32_t reg, size_t length) const {
	const size_t at = place_of(reg);
	if (at >= kBytes || length > kBytes - at) return {};
	const auto begin = static_cast<ptrdiff_t>(at);
	const auto end = begin + static_cast<ptrdiff_t>(length);
	if (!std::all_of(known_.begin() + begin, known_.begin() + end, [](bool known) { return known; })) return {};
	return std::vector<uint8_t>(bytes_.begin() + begin, bytes_.begin() + end);
}

} // namespace nft_drops
