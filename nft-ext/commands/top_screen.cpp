// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/commands/top_screen.h"

#include "nft-ext/match/match.h"

#include <algorithm>
#include <chrono>
#include <poll.h>
#include <unistd.h>
#include <utility>

namespace nft_drops::cli {
namespace {

using namespace std::chrono_literals;
using Clock = Loop::Clock;

constexpr auto kFrame = 1s;
// A terminal that takes nothing is asked again.
constexpr auto kAgain = 50ms;

} // namespace

Result<void> TopScreen::run(bool colour) {
	auto screen = Screen::open(colour);
	if (!screen) return std::unexpected(screen.error());
	screen_ = std::move(*screen);
	loop_.watch(STDIN_FILENO, POLLIN, [this](short events) {
		// The terminal is gone.
		if (events & (POLLERR | POLLHUP | POLLNVAL)) done_ = true;
		while (const auto key = screen_->key())
			keys_.push_back(*key);
	});
	loop_.watch(signals_.fd(), POLLIN, [this](short) { done_ = true; });
	auto went = loop();
	sampler_.reset();
	loop_.forget(STDIN_FILENO);
	loop_.forget(signals_.fd());
	screen_.reset();
	return went;
}

Result<void> TopScreen::loop() {
	show();
	auto next = Clock::now() + kFrame;
	while (!done_ && !source_.ended()) {
		draw();
		sample();
		const auto latest = changed_ ? std::min(next, Clock::now() + kAgain) : next;
		if (auto waited = loop_.once(latest); !waited) return waited;
		// A resize is a key, too, and comes by a signal.
		while (const auto key = screen_->key())
			keys_.push_back(*key);
		for (; !keys_.empty() && !done_; keys_.pop_front())
			on_key(keys_.front());
		if (done_ || Clock::now() < next) continue;
		source_.take();
		if (!frozen_) {
			show_sample();
			show();
		}
		next = Clock::now() + kFrame;
	}
	return {};
}

void TopScreen::show() {
	const TopModel &model = frozen_ ? *frozen_ : source_.model();
	view_.take(model.frame(view_.sort(), view_.opened()), frozen_ ? frozen_sight_ : source_.sight(),
	           frozen_ ? frozen_at_ : wall_now());
	changed_ = true;
}

// Has samples taken of the opened rule, and of no other.
void TopScreen::sample() {
	// A probe that sees no more lets go, so that nf_tables can be unloaded.
	const uint64_t wanted = source_.blind() ? 0 : view_.opened();
	if (wanted == sampled_) return;
	sampler_.reset();
	sampled_ = wanted;
	view_.sample({});
	const CulpritWords *culprit = view_.opened_culprit();
	if (wanted == 0 || culprit == nullptr) return;
	auto started = Sampler::start(loop_, netns_, all_, *culprit, source_.filter());
	if (started)
		sampler_ = std::move(*started);
	else
		view_.sample({"no sample: " + started.error().message()});
	changed_ = true;
}

// The latest sample, and a new one from then on.
void TopScreen::show_sample() {
	if (!sampler_) return;
	if (!sampler_->lines().empty()) view_.sample(sampler_->lines());
	sampler_->ask();
}

void TopScreen::draw() {
	if (!changed_) return;
	const auto name_of = [this](const Address &address) { return names_ ? names_->of(address) : std::string(); };
	changed_ = !screen_->draw(view_.lines(screen_->height(), screen_->width(), name_of));
}

void TopScreen::on_key(uint32_t key) {
	changed_ = true;
	switch (view_.press(key)) {
	case TopAction::kQuit:
		done_ = true;
		break;
	case TopAction::kReload:
		if (view_.paused() && !frozen_) {
			frozen_ = std::make_unique<TopModel>(source_.model());
			frozen_sight_ = source_.sight();
			frozen_at_ = wall_now();
		} else if (!view_.paused()) {
			frozen_.reset();
		}
		show();
		break;
	case TopAction::kZero:
		source_.zero();
		if (frozen_) frozen_ = std::make_unique<TopModel>(source_.model());
		frozen_sight_ = source_.sight();
		show();
		break;
	case TopAction::kNames:
		if (!names_) names_.emplace();
		break;
	case TopAction::kFilter:
		filter();
		break;
	case TopAction::kNone:
		break;
	}
}

void TopScreen::filter() {
	const std::string words = view_.match();
	view_.say("the filter is put into the kernel ...", false);
	draw();
	jit::Filter filter;
	if (words.find_first_not_of(' ') != std::string::npos) {
		auto match = read_match(words, netns_.descriptor());
		if (!match) {
			// nft marks the place in further lines, for which there is no room.
			const std::string &text = match.error().text;
			view_.say(text.empty() ? match.error().error.message() : text.substr(0, text.find('\n')), true);
			return;
		}
		filter.match = std::move(match->families);
	}
	const bool none = filter.empty();
	if (auto done = source_.filter(std::move(filter), none ? "" : words); !done) {
		view_.say(done.error().message(), true);
		return;
	}
	sampled_ = 0; // by the old filter
	view_.say(none ? "no filter; figures begin anew" : "figures begin anew", false);
	frozen_sight_ = source_.sight();
	if (frozen_) frozen_ = std::make_unique<TopModel>(source_.model());
	show();
}

} // namespace nft_drops::cli
