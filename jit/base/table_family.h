// SPDX-License-Identifier: GPL-2.0-only
// The families that tables of nf_tables can have: the kernel's numbers and nft's words.
#ifndef NFT_DROPS_JIT_BASE_TABLE_FAMILY_H
#define NFT_DROPS_JIT_BASE_TABLE_FAMILY_H

#include <cstdint>
#include <optional>
#include <string_view>

namespace nft_drops {

struct TableFamily {
	uint8_t number; // NFPROTO_* of <linux/netfilter.h>, which cannot stand in front of <netinet/in.h>
	std::string_view name;
};

// In the order of nft(8).
inline constexpr TableFamily kTableFamilies[] = {{2, "ip"},  {10, "ip6"},   {1, "inet"},
                                                 {3, "arp"}, {7, "bridge"}, {5, "netdev"}};

// nft's word; `otherwise` where no table has this family.
constexpr std::string_view family_name(uint8_t number, std::string_view otherwise = {}) {
	for (const TableFamily &family : kTableFamilies)
		if (family.number == number) return family.name;
	return otherwise;
}

constexpr std::optional<uint8_t> family_number(std::string_view name) {
	for (const TableFamily &family : kTableFamilies)
		if (family.name == name) return family.number;
	return std::nullopt;
}

} // namespace nft_drops

#endif
