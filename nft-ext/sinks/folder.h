// SPDX-License-Identifier: GPL-2.0-only
// Drops that are not shown at once: equal ones are counted together, so that a flood becomes a few lines.
#ifndef NFT_DROPS_NFT_EXT_SINKS_FOLDER_H
#define NFT_DROPS_NFT_EXT_SINKS_FOLDER_H

#include "bpf/shared/event.h"
#include "nft-ext/ruleset/index/answer.h"
#include "nft-ext/sinks/renderer.h"

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

namespace nft_drops::cli {

class Folder {
public:
	using Time = std::chrono::system_clock::time_point;
	struct Fold {
		nd_event event; // the first one
		Answer answer;
		Time first, last;
		uint64_t times = 1;
		[[nodiscard]] Repeated repeated() const {
			return {times, std::chrono::duration_cast<std::chrono::milliseconds>(last - first)};
		}
	};

	void add(const nd_event &event, const Answer &answer, Time time);
	[[nodiscard]] bool empty() const { return folds_.empty() && left_out_.times == 0; }
	// When the oldest of them was dropped.
	[[nodiscard]] Time since() const { return since_; }

	// The next one in the order of time; nullptr where there is none. It is valid until the next call.
	const Fold *next();
	// How many found no place, or are given up: forgets these and all that are left.
	Repeated rest();

private:
	// Bounds memory, with 1 KiB or so for each.
	static constexpr size_t kMost = 4096;

	std::deque<Fold> folds_;
	std::unordered_map<std::string, Fold *> by_sight_; // by what would be shown of it but for the time
	Fold taken_;
	Repeated left_out_{.times = 0};
	Time since_, until_;
};

} // namespace nft_drops::cli

#endif
