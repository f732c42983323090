// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/text/answers.h"

#include <utility>

namespace nft_drops {

size_t Answers::Hash::operator()(const Key &key) const {
	constexpr uint64_t kSpread = 0x9e3779b97f4a7c15; // 2^64 divided by the golden ratio
	uint64_t mix = key.rule_handle;
	for (const uint64_t part : {key.table_handle, key.chain_handle, key.expr_ops,
	                            uint64_t{key.netns} << 32 | key.generation, uint64_t{key.cause}})
		mix = (mix ^ part) * kSpread;
	return mix ^ mix >> 32;
}

Answers::Key Answers::key_of(const nd_event &event) {
	return {.rule_handle = event.rule_handle,
	        .table_handle = event.table_handle,
	        .chain_handle = event.chain_handle,
	        .expr_ops = event.expr_ops,
	        .netns = event.netns,
	        .generation = event.generation,
	        .cause = event.cause};
}

Answer *Answers::find(const nd_event &event) {
	const Key key = key_of(event);
	if (!latest_ || !(latest_->first == key)) {
		const auto kept = kept_.find(key);
		if (kept == kept_.end()) return nullptr;
		latest_ = &*kept;
	}
	Answer &answer = latest_->second;
	return event.time_ns >= answer.from_ns && event.time_ns <= answer.until_ns ? &answer : nullptr;
}

Answer &Answers::keep(const nd_event &event, Answer answer) {
	if (kept_.size() >= kMost || bytes_ > kMostBytes) {
		kept_.clear();
		latest_ = nullptr;
		bytes_ = 0;
	}
	bytes_ += answer.text.size();
	if (answer.from_ns <= answer.until_ns) answer.id = ++last_id_;
	return kept_.insert_or_assign(key_of(event), std::move(answer)).first->second;
}

} // namespace nft_drops
