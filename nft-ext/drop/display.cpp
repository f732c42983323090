// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/drop/display.h"

#include <algorithm>
#include <poll.h>
#include <utility>

namespace nft_drops::cli {

Display::Display(Loop &loop, Attributor &attributor, KernelNames &names, const Options &options)
    : loop_(loop), options_(options),
      completer_(loop, attributor, names, options.name_netns, [this](Drop &drop) { complete(drop); }) {
}

void Display::complete(Drop &drop) {
	if (drop.event.flags & ND_FLAG_ASK_CHAIN) {
		// take() could not count it.
		const auto wanted = options_.wants ? options_.wants(drop) : std::nullopt;
		if (wanted == false) totals_.filtered++;
		if (wanted == false || full()) return;
		drop.event.flags &= static_cast<nd_u8>(~ND_FLAG_ASK_CHAIN);
		if (!wanted) drop.event.flags |= ND_FLAG_UNDECIDED;
		totals_.add(drop.event);
	}
	if (!options_.show_path) drop.path.reset();
	for (const auto &sink : sinks_)
		sink->take(drop);
	if (!in_batch_) flush_soon();
}

Display::~Display() {
	loop_.cancel(timer_);
	loop_.cancel(soon_);
	for (const auto &sink : sinks_)
		if (sink->descriptor() >= 0) loop_.forget(sink->descriptor());
}

void Display::add(std::unique_ptr<Sink> sink) {
	// At all times for its reader's going away; for room only while there is something to write.
	if (sink->descriptor() >= 0) {
		loop_.watch(sink->descriptor(), 0, [this, one = sink.get()](short events) {
			if (events & (POLLERR | POLLHUP | POLLNVAL)) one->hung_up();
			one->flush();
			watch_sinks();
		});
	}
	sinks_.push_back(std::move(sink));
}

void Display::begin() {
	in_batch_ = true;
	completer_.begin();
}

// A drop that waited for its rule's text reaches the Sinks between batches. Nobody else flushes them then.
void Display::flush_soon() {
	if (soon_ != 0) return;
	soon_ = loop_.after(std::chrono::milliseconds(0), [this] {
		soon_ = 0;
		flush();
	});
}

bool Display::take(const nd_event &event, const nd_path *path) {
	if (ended_ || full()) return false;
	if (!(event.flags & ND_FLAG_ASK_CHAIN)) totals_.add(event);
	completer_.add(event, path);
	// In one namespace what is not read yet waits in the ring as well as here.
	return options_.name_netns || !completer_.full();
}

void Display::flush() {
	in_batch_ = false;
	for (const auto &sink : sinks_)
		sink->flush();
	watch_sinks();
}

void Display::lost(uint64_t drops) {
	for (const auto &sink : sinks_)
		sink->lost(drops);
}

void Display::not_watched(std::chrono::system_clock::time_point from, std::chrono::system_clock::time_point to,
                          std::string_view why) {
	for (const auto &sink : sinks_)
		sink->not_watched(from, to, why);
	flush();
}

void Display::watch_sinks() {
	ended_ = closed();
	bool again = false;
	for (const auto &sink : sinks_) {
		again = again || sink->pending();
		if (sink->descriptor() < 0) continue;
		// A reader that is gone would be told of for ever.
		if (sink->closed())
			loop_.forget(sink->descriptor());
		else
			loop_.want(sink->descriptor(), sink->writable() ? POLLOUT : 0);
	}
	if (!again || timer_ != 0) return;
	timer_ = loop_.after(Sink::kFlushEvery, [this] {
		timer_ = 0;
		flush();
	});
}

void Display::finish() {
	for (const auto &sink : sinks_)
		sink->finish();
	watch_sinks();
}

bool Display::pending() const {
	return std::ranges::any_of(sinks_, [](const auto &sink) { return sink->pending(); });
}

uint64_t Display::give_up() {
	uint64_t drops = 0;
	for (const auto &sink : sinks_)
		drops = std::max(drops, sink->give_up());
	return drops;
}

bool Display::closed() const {
	return std::ranges::any_of(sinks_, [](const auto &sink) { return sink->closed() || sink->failed(); });
}

std::optional<Error> Display::failed() const {
	for (const auto &sink : sinks_)
		if (auto error = sink->failed()) return error;
	return {};
}

} // namespace nft_drops::cli
