// SPDX-License-Identifier: GPL-2.0-only
// The element of a set or map that holds a key: the kernel's own look-up (NFT_MSG_GETSETELEM, as `nft get element`),
// and the element in nft's words.
#ifndef NFT_DROPS_NFT_EXT_RULESET_DETAILS_SET_ELEMENT_H
#define NFT_DROPS_NFT_EXT_RULESET_DETAILS_SET_ELEMENT_H

#include "nft-ext/ruleset/netlink/netlink.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace nft_drops {

// A set or map, from its NFT_MSG_NEWSET.
struct SetInfo {
	uint32_t flags = 0;         // NFT_SET_*
	uint32_t key_type = 0;      // nft's enum datatypes; of a concatenation 6 bits each, the last part's the lowest
	size_t key_length = 0;      // bytes
	std::vector<uint8_t> parts; // of a concatenation: length of each part in bytes, where the kernel tells them
};

struct SetElement {
	std::vector<uint8_t> first; // the key; of an interval the first one
	std::vector<uint8_t> last;  // of an interval its last key; else empty
	uint64_t timeout_ms = 0;    // 0: none
	uint64_t expires_ms = 0;
	std::string comment;
	bool has_verdict = false;
	int32_t verdict = 0; // NF_DROP, NFT_GOTO ...
	std::string chain;   // that the verdict leads to
};

// nullopt where there is no such set.
std::optional<SetInfo> read_set(Query &query, uint8_t family, const std::string &table, const std::string &set);

// nullopt inside: no element holds that key. nullopt: the kernel does not answer.
std::optional<std::optional<SetElement>> find_element(Query &query, uint8_t family, const std::string &table,
                                                      const std::string &set, const SetInfo &info,
                                                      const std::vector<uint8_t> &key);

// "203.0.113.0/24", "10.0.0.1 . tcp . 80"; nullopt where the type is none that this knows to print.
std::optional<std::string> words_of_key(const SetInfo &info, const SetElement &element);
// "drop", "goto reject-chain"; empty where there is no verdict.
std::string words_of_verdict(const SetElement &element);

} // namespace nft_drops

#endif
