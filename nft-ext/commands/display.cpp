// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/commands/display.h"

#include "nft-ext/sinks/text_sink.h"
#include "nft-ext/sinks/usdt.h"

#include <algorithm>
#include <poll.h>

namespace nft_drops::cli {

Display::Display(const MonitorOptions &options, Rulesets &rulesets, const jit::ExpressionLayout &layout)
    : options_(options), rulesets_(rulesets), names_(layout), completer_(rulesets, names_, options.all_netns) {
	sinks_.push_back(std::make_unique<UsdtSink>());
	sinks_.push_back(
	        std::make_unique<TextSink>(TextSink::Options{.format = options.format, .limit = options.limit}));
}

void Display::show(const nd_event &event, const nd_path *path) {
	if (full() || closed() || failed_) return;
	const auto drop = completer_.complete(event, path);
	if (!drop) {
		failed_ = drop.error();
		return;
	}
	totals_.add(event);
	for (const auto &sink : sinks_)
		sink->take(**drop);
}

bool Display::closed() const {
	return std::ranges::any_of(sinks_, [](const auto &sink) { return sink->closed(); });
}

bool Display::busy() const {
	return std::ranges::any_of(sinks_, [](const auto &sink) { return sink->pending(); });
}

void Display::tick() {
	for (const auto &sink : sinks_)
		sink->flush();
	rulesets_.look_around();
}

void Display::finish() {
	for (const auto &sink : sinks_) {
		sink->finish();
		while (sink->pending()) {
			pollfd room{sink->descriptor(), POLLOUT, 0};
			poll(&room, 1, Sink::kFlushEvery.count());
			sink->flush();
		}
	}
}

} // namespace nft_drops::cli
