// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/sinks/repeat_coalescer.h"

#include "nft-ext/packet/words.h"
#include "nft-ext/sinks/details.h"
#include "nft-ext/sinks/jump_path.h"

#include <utility>

namespace nft_drops {
namespace {

// What the containers take for an element beside the element itself (allocator, node, hash bucket).
constexpr size_t kOverhead = 128;

std::string sight_of(const Drop &drop) {
	const nd_event &event = drop.event;
	struct Who {
		uint64_t rule, table, chain, location, text;
		uint32_t netns, generation, cause, zero;
	} const who{event.rule_handle, event.table_handle,   event.chain_handle,
	            event.location,    drop.attribution->id, event.netns,
	            event.generation,  event.cause,          0};
	std::string sight(reinterpret_cast<const char *>(&who), sizeof(who));
	append_words(sight, event, drop.packet());
	append_jump_path(sight, drop);
	append_details_words(sight, drop);
	return sight;
}

// Without the attribution, which is shared.
size_t bytes_of(const Drop &drop) {
	size_t bytes = 0;
	for (const std::string *text : {&drop.expression, &drop.netns_name, &drop.location})
		bytes += text->capacity();
	if (drop.path) {
		for (const JumpStep &step : *drop.path)
			bytes += sizeof(step) + step.chain.capacity() + step.target.capacity();
	}
	if (drop.details) bytes += drop.details->bytes();
	return bytes;
}

} // namespace

void RepeatCoalescer::add(const Drop &drop) {
	if (empty()) since_ = drop.time;
	until_ = drop.time;
	drops_++;
	std::string sight = sight_of(drop);
	if (const auto known = by_sight_.find(sight); known != by_sight_.end()) {
		known->second->repeat.times++;
		known->second->repeat.last = drop.time;
		return;
	}
	const size_t own = sizeof(Kept) + sight.size() + bytes_of(drop) + kOverhead;
	const bool shared = attributions_.contains(drop.attribution.get());
	const size_t more = own + (shared ? 0 : drop.attribution->bytes() + kOverhead);
	// One is always kept, however long its rule: the text is in memory anyway.
	if (bytes_ + more > kMostBytes && !kept_.empty()) {
		left_out_.times++;
		return;
	}
	bytes_ += more;
	attributions_[drop.attribution.get()]++;
	Kept &kept = kept_.emplace_back(Kept{.repeat = {.drop = drop, .last = drop.time}, .bytes = own});
	kept.sight = &by_sight_.emplace(std::move(sight), &kept).first->first;
}

void RepeatCoalescer::forget_attribution(const Attribution *attribution) {
	const auto shared = attributions_.find(attribution);
	if (--shared->second > 0) return;
	bytes_ -= attribution->bytes() + kOverhead;
	attributions_.erase(shared);
}

const Repeat *RepeatCoalescer::next() {
	if (kept_.empty()) return nullptr;
	Kept &first = kept_.front();
	by_sight_.erase(*first.sight);
	bytes_ -= first.bytes;
	taken_ = std::move(first.repeat);
	kept_.pop_front();
	forget_attribution(taken_.drop.attribution.get());
	drops_ -= taken_.times;
	return &taken_;
}

Repeated RepeatCoalescer::rest() {
	Repeated all = left_out_;
	for (const Kept &kept : kept_)
		all.times += kept.repeat.times;
	all.within = std::chrono::duration_cast<std::chrono::milliseconds>(until_ - since_);
	// Gives the memory back, too.
	by_sight_ = {};
	kept_ = {};
	attributions_ = {};
	left_out_.times = 0;
	drops_ = 0;
	bytes_ = 0;
	return all;
}

} // namespace nft_drops
