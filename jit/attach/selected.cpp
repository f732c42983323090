// SPDX-License-Identifier: GPL-2.0-only
#include "jit/attach/selected.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace nft_drops::jit {
namespace {

void copy_name(char (&to)[ND_SELECT_NAME_BYTES], uint32_t &bytes, const std::string &name) {
	bytes = static_cast<uint32_t>(std::min<size_t>(name.size(), ND_SELECT_NAME_BYTES - 1)) + 1;
	memcpy(to, name.c_str(), bytes - 1);
	to[bytes - 1] = 0;
}

} // namespace

Result<Selected> Selected::open(int map) {
	MappedArray<nd_selected> memory(map, 1);
	if (memory.empty()) return usage_error("the SELECTOR's map", strerror(errno));
	return Selected(std::move(memory));
}

void Selected::set(const Selector &selector) {
	nd_selected &selected = memory_[0];
	selected.family = selector.family;
	selected.handle = selector.handle;
	copy_name(selected.table, selected.table_bytes, selector.table);
	copy_name(selected.chain, selected.chain_bytes, selector.chain);
	std::atomic_ref(selected.kind).store(selector.kind, std::memory_order_release);
}

void Selected::only_one() {
	std::atomic_ref(memory_[0].pace).store(ND_PACE_ONE, std::memory_order_release);
}

void Selected::tell(uint32_t netns, uint64_t table, uint64_t rule, uint32_t generation, bool in_chain) {
	const uint64_t word = uint64_t{generation} << 2 | (in_chain ? ND_RULE_IS_IN_CHAIN : ND_RULE_IS_ELSEWHERE);
	const uint32_t first = nd_rule_slot(table, rule, netns);
	for (uint32_t i = 0; i < ND_RULE_TRIES; i++) {
		nd_rule_place &place = memory_[0].places[(first + i) & (ND_RULE_PLACES - 1)];
		const bool empty = place.word == 0;
		if (empty) {
			place.table = table;
			place.rule = rule;
			place.netns = netns;
		} else if (place.table != table || place.rule != rule || place.netns != netns) {
			continue;
		}
		// A generation of 0 is none: the programs ask each time.
		std::atomic_ref(place.word).store(word, std::memory_order_release);
		return;
	}
}

} // namespace nft_drops::jit
