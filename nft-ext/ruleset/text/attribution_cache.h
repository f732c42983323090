// SPDX-License-Identifier: GPL-2.0-only
// Attributions that the worker process gave already: most drops are like one of a moment ago, and asking the worker
// costs 20 times as much as showing the drop.
#ifndef NFT_DROPS_NFT_EXT_RULESET_TEXT_ATTRIBUTION_CACHE_H
#define NFT_DROPS_NFT_EXT_RULESET_TEXT_ATTRIBUTION_CACHE_H

#include "bpf/shared/event.h"
#include "nft-ext/ruleset/index/attribution.h"

#include <cstddef>
#include <cstdint>
#include <unordered_map>

namespace nft_drops {

class AttributionCache {
public:
	// The cache forgets everything when it holds more attributions, or longer ones, than this.
	static constexpr size_t kMost = 4096;
	static constexpr size_t kMostBytes = 8 << 20;

	// The attribution of such an event; null where the worker has to be asked.
	[[nodiscard]] SharedAttribution find(const nd_event &event);
	// Keeps an attribution for as long as it says that it holds, and gives it a number.
	SharedAttribution keep(const nd_event &event, Attribution attribution);

private:
	// All that an attribution depends on, but for the time.
	struct Key {
		uint64_t rule_handle, table_handle, chain_handle;
		uint32_t netns, generation;
		uint8_t cause;
		bool operator==(const Key &) const = default;
	};
	struct Hash {
		size_t operator()(const Key &key) const;
	};
	static Key key_of(const nd_event &event);

	std::unordered_map<Key, SharedAttribution, Hash> kept_;
	// Found by the last call. An element stays where it is until the cache forgets everything.
	std::pair<const Key, SharedAttribution> *latest_ = nullptr;
	size_t bytes_ = 0;
	inline static uint64_t last_id_ = 0; // numbers are unique in the process: renderers know nothing but the number
};

} // namespace nft_drops

#endif
