// SPDX-License-Identifier: GPL-2.0-only
// The keys of nf_tables' meta and ct expressions that a filter takes: one table for who reads rules and who compiles
// them.
#ifndef NFT_DROPS_JIT_MATCH_KEYS_H
#define NFT_DROPS_JIT_MATCH_KEYS_H

#include <cstdint>

namespace nft_drops::jit {

struct MatchKey {
	uint32_t key;         // NFT_META_* or NFT_CT_*
	const char *name;     // nft's word
	const char *function; // of bpf/match.h, without its "nd_match_"; null: known by name, and not taken
	uint32_t length;      // bytes that it puts into registers
};

// Null where not even the name is known.
const MatchKey *meta_key(uint32_t key);
const MatchKey *ct_key(uint32_t key);

} // namespace nft_drops::jit

#endif
