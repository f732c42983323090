// SPDX-License-Identifier: GPL-2.0-only
// The one place that completes a Drop: from an event of the ring to all that Sinks are told.
//
// A drop whose rule's text is not known yet is held, for at most kHoldFor, and with it the later drops of its network
// namespace: drops of one namespace stay in their order, and no namespace delays another one's.
#ifndef NFT_DROPS_NFT_EXT_DROP_DROP_COMPLETER_H
#define NFT_DROPS_NFT_EXT_DROP_DROP_COMPLETER_H

#include "nft-ext/drop/attributor.h"
#include "nft-ext/drop/drop.h"
#include "nft-ext/drop/kernel_names.h"
#include "nft-ext/loop/loop.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace nft_drops::cli {

class DropCompleter {
public:
	using Clock = Loop::Clock; // CLOCK_MONOTONIC, as nd_event.time_ns
	static constexpr std::chrono::seconds kHoldFor{2};
	// Of about 1.3 KiB each. Namespaces that wait at the same time share the room; a namespace that fills its share
	// gets its oldest drop shown without the text.
	static constexpr size_t kMostHeld = 8192;
	// For the packets' own bytes of held drops; shared in the same way.
	static constexpr size_t kMostCaptureBytes = size_t{8} << 20;

	// `name_netns`: several namespaces are watched, so that each drop says in which one it was. `complete` takes
	// each drop, and may change it.
	DropCompleter(Loop &loop, Attributor &attributor, KernelNames &names, bool name_netns,
	              std::function<void(Drop &)> complete);
	DropCompleter(const DropCompleter &) = delete;
	DropCompleter &operator=(const DropCompleter &) = delete;
	~DropCompleter();

	// To be called before each batch of events: what time it is. The wall clock may be set at any time.
	void begin();
	// `event` lies in the ring, or has no capture (nd_capture_of()).
	void add(const nd_event &event, const nd_path *path);
	[[nodiscard]] size_t held() const { return held_; }
	// Drops that are added now push held ones out; they had better stay in the ring for a while.
	[[nodiscard]] bool full() const { return held_ >= kMostHeld || capture_bytes_ >= kMostCaptureBytes; }
	// Nothing is waited for any more: hands on all that is held.
	void give_up();

private:
	enum class State : uint8_t {
		kNew,   // nobody was asked
		kSame,  // not asked: an earlier drop's question most likely has the same answer
		kAsked, // the reply will come
		kKnown,
	};
	struct Held {
		Drop drop;
		std::optional<nd_path> path;
		std::optional<nd_details> details; // only with a path
		std::vector<std::byte> capture;    // the nd_capture that drop.capture points to; empty: none
		State state;
		Clock::time_point until;
	};
	struct Queue {
		std::deque<Held> held;
		uint64_t first = 0;         // number of the front one; numbers grow by one
		uint64_t ahead = 0;         // number of the first one that may be kNew
		size_t capture_bytes = 0;   // of all that are held
		std::deque<uint64_t> asked; // whose replies will come; the front ones may not be held any more
	};

	void fill(Drop &drop, const nd_event &event);
	void emit(Drop &drop);
	void emit_front(Queue &queue);
	void keep_capture(Queue &queue, Held &held);
	void take_replies(uint32_t netns, Queue &queue);
	void ask_ahead(Queue &queue);
	void pump(uint32_t netns, Queue &queue, Clock::time_point now);
	void pump_all();
	void arm();

	Loop &loop_;
	Attributor &attributor_;
	KernelNames &names_;
	bool name_netns_;
	std::function<void(Drop &)> complete_;
	std::unordered_map<uint32_t, Queue> queues_; // none is without a held drop or an open question
	size_t held_ = 0;
	size_t capture_bytes_ = 0;
	SharedAttribution nothing_; // for drops of nobody's rule
	SharedAttribution unread_;  // for drops that were held too long
	Clock::time_point now_;
	std::chrono::system_clock::time_point wall_now_;
	Drop drop_;
	Loop::Timer timer_ = 0;
};

} // namespace nft_drops::cli

#endif
