// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/text/attribution_cache.h"

#include <utility>

namespace nft_drops {

size_t AttributionCache::Hash::operator()(const Key &key) const {
	constexpr uint64_t kSpread = 0x9e3779b97f4a7c15; // 2^64 divided by the golden ratio
	uint64_t mix = key.rule_handle;
	for (const uint64_t part :
	     {key.table_handle, key.chain_handle, uint64_t{key.netns} << 32 | key.generation, uint64_t{key.cause}})
		mix = (mix ^ part) * kSpread;
	return mix ^ mix >> 32;
}

AttributionCache::Key AttributionCache::key_of(const nd_event &event) {
	return {.rule_handle = event.rule_handle,
	        .table_handle = event.table_handle,
	        .chain_handle = event.chain_handle,
	        .netns = event.netns,
	        .generation = event.generation,
	        .cause = event.cause};
}

SharedAttribution AttributionCache::find(const nd_event &event) {
	const Key key = key_of(event);
	if (!latest_ || !(latest_->first == key)) {
		const auto kept = kept_.find(key);
		if (kept == kept_.end()) return nullptr;
		latest_ = &*kept;
	}
	const SharedAttribution &found = latest_->second;
	return event.time_ns >= found->from_ns && event.time_ns <= found->until_ns ? found : nullptr;
}

SharedAttribution AttributionCache::keep(const nd_event &event, Attribution attribution) {
	const bool lasts = attribution.from_ns <= attribution.until_ns;
	if (lasts) attribution.id = ++last_id_;
	auto shared = std::make_shared<const Attribution>(std::move(attribution));
	if (!lasts) return shared;
	if (kept_.size() >= kMost || bytes_ + shared->bytes() > kMostBytes) {
		kept_.clear();
		latest_ = nullptr;
		bytes_ = 0;
	}
	SharedAttribution &place = kept_[key_of(event)];
	if (place) bytes_ -= place->bytes();
	bytes_ += shared->bytes();
	place = shared;
	return shared;
}

} // namespace nft_drops
