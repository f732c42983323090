// SPDX-License-Identifier: GPL-2.0-only
// Drops that a printing sink cannot show at once: equal ones are counted together, so that a flood becomes a few lines.
// Bounded in bytes: drops that find no room are counted only.
#ifndef NFT_DROPS_NFT_EXT_SINKS_REPEAT_COALESCER_H
#define NFT_DROPS_NFT_EXT_SINKS_REPEAT_COALESCER_H

#include "nft-ext/drop/drop.h"
#include "nft-ext/sinks/renderer.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>

namespace nft_drops {

// Equal drops: the first one, and how many there were.
struct Repeat {
	Drop drop;
	std::chrono::system_clock::time_point last;
	uint64_t times = 1;
	[[nodiscard]] Repeated repeated() const {
		return {times, std::chrono::duration_cast<std::chrono::milliseconds>(last - drop.time)};
	}
};

class RepeatCoalescer {
public:
	using Time = std::chrono::system_clock::time_point;
	// All that a coalescer holds: drops, what they are compared by, and the attributions that they share.
	static constexpr size_t kMostBytes = 16 << 20;

	void add(const Drop &drop);
	[[nodiscard]] bool empty() const { return kept_.empty() && left_out_.times == 0; }
	// There are drops to show, not only a number of those that found no room.
	[[nodiscard]] bool coalesced() const { return !kept_.empty(); }
	// When the oldest of them was dropped.
	[[nodiscard]] Time since() const { return since_; }
	// How many drops it stands for.
	[[nodiscard]] uint64_t drops() const { return drops_; }
	// About how much memory it takes.
	[[nodiscard]] size_t bytes() const { return bytes_; }

	// The next one in the order of time; nullptr where there is none. Valid until the next call.
	const Repeat *next();
	// How many drops found no room, or are given up: forgets these and all that are left.
	Repeated rest();

private:
	struct Kept {
		Repeat repeat;
		size_t bytes = 0;                   // without its attribution
		const std::string *sight = nullptr; // its key
	};
	void forget_attribution(const Attribution *attribution);

	std::deque<Kept> kept_;                            // an element stays where it is
	std::unordered_map<std::string, Kept *> by_sight_; // by everything that is shown of a drop but its time
	// How many repeats share each attribution, by address: the repeats keep them alive.
	std::unordered_map<const Attribution *, size_t> attributions_;
	Repeat taken_;
	Repeated left_out_{.times = 0};
	uint64_t drops_ = 0;
	size_t bytes_ = 0;
	Time since_, until_;
};

} // namespace nft_drops

#endif
