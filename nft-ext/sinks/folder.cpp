// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/sinks/folder.h"

#include "nft-ext/packet/packet.h"
#include "nft-ext/packet/words.h"
#include "nft-ext/sinks/path.h"

namespace nft_drops::cli {
namespace {

std::string sight_of(const nd_event &event, const Answer &answer) {
	struct Who {
		uint64_t rule, table, chain, location;
		uint32_t netns, generation, cause;
	} who{};
	who = {event.rule_handle, event.table_handle, event.chain_handle, event.location,
	       event.netns,       event.generation,   event.cause};
	std::string sight(reinterpret_cast<const char *>(&who), sizeof(who));
	append_words(sight, event, decode(event));
	append_path(sight, event, answer);
	return sight;
}

} // namespace

void Folder::add(const nd_event &event, const Answer &answer, Time time) {
	if (empty()) since_ = time;
	until_ = time;
	std::string sight = sight_of(event, answer);
	if (const auto known = by_sight_.find(sight); known != by_sight_.end()) {
		known->second->times++;
		known->second->last = time;
	} else if (folds_.size() < kMost) {
		// A deque's elements stay where they are.
		by_sight_.emplace(
		        std::move(sight),
		        &folds_.emplace_back(Fold{.event = event, .answer = answer, .first = time, .last = time}));
	} else {
		left_out_.times++;
	}
}

const Folder::Fold *Folder::next() {
	by_sight_.clear();
	if (folds_.empty()) return nullptr;
	taken_ = std::move(folds_.front());
	folds_.pop_front();
	return &taken_;
}

Repeated Folder::rest() {
	Repeated all = left_out_;
	for (const Fold &f : folds_)
		all.times += f.times;
	all.within = std::chrono::duration_cast<std::chrono::milliseconds>(until_ - since_);
	folds_.clear();
	by_sight_.clear();
	left_out_.times = 0;
	return all;
}

} // namespace nft_drops::cli
