// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/sinks/text_sink.h"

#include <cerrno>
#include <cstring>
#include <utility>

namespace nft_drops::cli {
namespace {

using namespace std::chrono_literals;

// Coalesced drops are shown after this long.
constexpr auto kCoalesceFor = 1s;

} // namespace

TextSink::TextSink(Options options)
    : renderer_(make_renderer(options.format, {.for_terminal = isatty(options.fd) != 0,
                                               .coloured = options.coloured,
                                               .words = std::move(options.words)})),
      output_(options.fd), pace_(options.limit) {
}

void TextSink::take(const Drop &drop) {
	if (output_.behind() || (pace_.limited() && !pace_.take(std::chrono::steady_clock::now()))) {
		coalescer_.add(drop);
	} else {
		renderer_->drop(drop, output_.backlog());
		mark(1);
	}
	// Appending to a long backlog would cost memory: a rule's text may be long.
	if (!output_.behind()) return;
	output_.flush();
	forget_marks();
}

void TextSink::not_watched(std::chrono::system_clock::time_point from, std::chrono::system_clock::time_point to,
                           std::string_view why) {
	renderer_->not_watched(from, to, why, output_.backlog());
	output_.flush();
}

void TextSink::mark(uint64_t drops) {
	marks_.push_back({output_.appended(), drops});
}

void TextSink::forget_marks() {
	while (forgotten_ < marks_.size() && marks_[forgotten_].position <= output_.written())
		forgotten_++;
	// Moving the others for each that goes would cost more than the place.
	if (2 * forgotten_ < marks_.size()) return;
	marks_.erase(marks_.begin(), marks_.begin() + static_cast<ptrdiff_t>(forgotten_));
	forgotten_ = 0;
}

void TextSink::flush() {
	output_.flush();
	const bool due = finishing_ || std::chrono::system_clock::now() - coalescer_.since() >= kCoalesceFor;
	if (!coalescer_.empty() && due && !output_.behind()) show_coalesced();
	if (finishing_ && !finished_ && coalescer_.empty()) {
		renderer_->finish(output_.backlog());
		finished_ = true;
		output_.flush();
	}
	forget_marks();
}

// As many as are taken now.
void TextSink::show_coalesced() {
	bool within_limit = true;
	while (!output_.behind() && within_limit) {
		within_limit = pace_.take(std::chrono::steady_clock::now());
		const Repeat *repeat = within_limit ? coalescer_.next() : nullptr;
		if (!repeat) break;
		renderer_->drops(repeat->drop, repeat->repeated(), output_.backlog());
		mark(repeat->times);
		output_.flush();
	}
	// At the end the reader gets as much as it takes. Before, the rest would only come ever later.
	if (finishing_ && within_limit && coalescer_.coalesced()) return;
	if (const Repeated rest = coalescer_.rest(); rest.times) {
		renderer_->left_out(rest, output_.backlog());
		mark(rest.times);
	}
	output_.flush();
}

bool TextSink::pending() const {
	return !closed() && (!output_.empty() || !coalescer_.empty() || (finishing_ && !finished_));
}

void TextSink::finish() {
	finishing_ = true;
	flush();
}

std::optional<Error> TextSink::failed() const {
	// A reader that is gone, or a terminal that was closed, is no failure.
	if (!closed() || output_.error() == EPIPE || output_.error() == ECONNRESET || output_.error() == EIO) return {};
	return Error{.what = "standard output", .why = strerror(output_.error()), .next = {}};
}

uint64_t TextSink::give_up() {
	uint64_t drops = coalescer_.rest().times;
	forget_marks();
	for (size_t i = forgotten_; i < marks_.size(); i++)
		drops += marks_[i].drops;
	marks_.clear();
	forgotten_ = 0;
	finishing_ = finished_ = true;
	return drops;
}

} // namespace nft_drops::cli
