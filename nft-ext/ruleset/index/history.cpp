// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/index/history.h"

#include <utility>

namespace nft_drops {

Version &History::last() {
	if (versions_.empty()) versions_.push_back(Version{.from = first_, .text = {}});
	return versions_.back();
}

const Version &History::latest() {
	return last();
}

void History::changed(const ChangeTime &at) {
	changes_++;
	ended();
	// Twice in one commit is one change: nothing was ever in force in between.
	if (Version &now = last(); now.from.generation == at.generation) {
		now.state = Version::State::kUnread;
		now.text.clear();
		return;
	}
	if (versions_.size() == kKeep) versions_.erase(versions_.begin());
	versions_.push_back(Version{.from = at, .text = {}});
}

void History::ended() {
	if (Version &now = last(); now.state == Version::State::kUnread) now.state = Version::State::kLost;
}

void History::read(std::string text, uint64_t read_ns, bool names_links) {
	Version &now = last();
	now.text = std::move(text);
	now.read_ns = read_ns;
	now.names_links = names_links;
	now.state = Version::State::kRead;
}

const Version *History::at(uint32_t generation, uint64_t time_ns) {
	last();
	for (size_t i = versions_.size(); i-- > 0;) {
		const Version &version = versions_[i];
		if (generation != 0) {
			if (generation_reached(generation, version.from.generation)) return &version;
			continue;
		}
		if (time_ns >= version.from.before_ns) return &version;
		if (time_ns >= version.from.after_ns) return nullptr;
	}
	return nullptr;
}

const Version *History::before(const Version *version) {
	return version == versions_.data() ? nullptr : version - 1;
}

} // namespace nft_drops
