// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/commands/sight_watch.h"

#include <poll.h>

namespace nft_drops::cli {
namespace {

constexpr std::chrono::milliseconds kLookEvery{500};

} // namespace

Result<void> SightWatch::start(const jit::Plan &plan, const jit::Kernel &kernel) {
	seen_at_ = Clock::now();
	auto health = jit::ProbeHealth::start(plan, kernel);
	if (!health) return std::unexpected(health.error());
	health_.emplace(std::move(*health));
	if (health_->fd() >= 0) loop_.watch(health_->fd(), POLLIN, [this](short) { look(); });
	look_later();
	return {};
}

void SightWatch::look_later() {
	timer_ = loop_.after(kLookEvery, [this] {
		look();
		look_later();
	});
}

void SightWatch::look() {
	using State = jit::ProbeHealth::State;
	if (lost_) return;
	// If kprobes are switched off and on during a look, the next look shows that. The probe is therefore known to
	// see up to the beginning of a look.
	const auto begun = Clock::now();
	const State state = health_->look();
	if (state != State::kSees && !blind_) {
		blind_ = state;
		tell_("drops are not seen: " + jit::describe(state));
	}
	if (state == State::kSees || state == State::kWasSwitchedOff) {
		const bool was_blind = blind_.has_value();
		end_gap();
		seen_at_ = begun;
		if (was_blind) tell_("watching again: drops are seen");
	}
	// A probe for other code needs its own Plan and self-test.
	if (state == State::kNotLoaded || state == State::kReplaced) lost_ = true;
}

// Tells the time since the probe was last known to see.
void SightWatch::end_gap() {
	if (!blind_) return;
	// The wall clock is read first. Time that passes between the two readings makes the gap longer. The gap never
	// begins later than the last moment at which the probe saw.
	const auto to = Wall::now();
	const auto gap = std::chrono::ceil<std::chrono::milliseconds>(Clock::now() - seen_at_);
	unseen_ += gap;
	if (not_watched_) not_watched_(to - gap, to, jit::describe(*blind_));
	if (!lost_) blind_.reset();
}

void SightWatch::end() {
	if (!health_) return;
	look();
	end_gap();
	stop();
}

void SightWatch::stop() {
	loop_.cancel(timer_);
	if (health_ && health_->fd() >= 0) loop_.forget(health_->fd());
	health_.reset();
}

Result<void> SightWatch::outcome(const char *command) const {
	if (!lost_) return {};
	return usage_error(command, jit::describe(*blind_) + ", and the probe sees nothing any more", "start it again");
}

} // namespace nft_drops::cli
