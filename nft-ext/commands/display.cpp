// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/commands/display.h"

#include "jit/kernel/live/symbols.h"
#include "nft-ext/sinks/usdt.h"

#include <span>

namespace nft_drops::cli {
namespace {

using namespace std::chrono_literals;

// Folded drops are shown after this long.
constexpr auto kFoldFor = 1s;

} // namespace

Display::Display(const MonitorOptions &options, Rulesets &rulesets, const jit::ExpressionLayout &layout)
    : options_(options), rulesets_(rulesets), expressions_(layout), renderer_(make_renderer(options.format)),
      pace_(options.limit) {
}

const std::string &Display::location(uint64_t address) {
	const auto [known, made] = locations_.try_emplace(address);
	if (made) {
		known->second = jit::describe_addresses(std::span(&address, 1)).front();
		known->second.resize(std::min(known->second.find('+'), known->second.size()));
	}
	return known->second;
}

void Display::begin() {
	now_ = Clock::now();
	// It may be set while we run: asked anew each time.
	wall_now_ = std::chrono::system_clock::now();
}

Result<const Answer *> Display::answer(const nd_event &event, const nd_path *path) {
	if (event.cause == ND_CAUSE_OTHER) {
		other_.location = location(event.location);
		if (options_.all_netns) other_.netns = rulesets_.name_of(event.netns);
		return &other_;
	}
	auto answer = rulesets_.answer(event, path);
	if (!answer) return std::unexpected(answer.error());
	if (event.expr_ops && (*answer)->expression.empty()) (*answer)->expression = expressions_.name(event.expr_ops);
	return *answer;
}

void Display::show(const nd_event &event, const nd_path *path) {
	if (full() || closed() || failed_) return;
	const auto known = answer(event, path);
	if (!known) {
		failed_ = known.error();
		return;
	}
	tally_.add(event);
	announce(event, **known);
	const auto age = now_.time_since_epoch() - std::chrono::nanoseconds(event.time_ns);
	const auto time = wall_now_ - std::chrono::duration_cast<std::chrono::system_clock::duration>(age);
	if (output_.behind() || !pace_.take(now_))
		folder_.add(event, **known, time);
	else
		renderer_->drop(event, **known, time, output_.backlog());
	if (output_.behind()) output_.flush();
}

void Display::tick() {
	output_.flush();
	if (!folder_.empty() && !output_.behind() && std::chrono::system_clock::now() - folder_.since() >= kFoldFor)
		unfold(false);
	rulesets_.look_around();
}

// As many as fit now; `all`: as the limit allows, whoever has to wait.
void Display::unfold(bool all) {
	while (all || !output_.behind()) {
		if (!pace_.take(Clock::now())) break;
		const Folder::Fold *fold = folder_.next();
		if (!fold) break;
		renderer_->drops(fold->event, fold->answer, fold->first, fold->repeated(), output_.backlog());
		output_.flush();
	}
	// The rest would only come ever later.
	if (const Repeated rest = folder_.rest(); rest.times) renderer_->left_out(rest, output_.backlog());
	output_.flush();
}

void Display::finish() {
	if (!folder_.empty()) unfold(true);
	renderer_->finish(output_.backlog());
	output_.flush_all();
}

} // namespace nft_drops::cli
