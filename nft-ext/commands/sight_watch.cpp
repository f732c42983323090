// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/commands/sight_watch.h"

#include <fmt/format.h>

#include <poll.h>

namespace nft_drops::cli {
namespace {

using namespace std::chrono_literals;
using State = jit::ProbeHealth::State;

// A new probe may fail its self-test for a reason of the moment: modules are loaded and unloaded, processors are
// flooded. It is tried again after this long, then after twice as long, and so on: over 15 seconds.
constexpr auto kFirstPause = 500ms;
constexpr int kTries = 6;

} // namespace

Result<void> SightWatch::start(std::chrono::milliseconds every) {
	seen_at_ = Clock::now();
	if (auto looks = look_at_probe(); !looks) return looks;
	every_ = every;
	if (every_ > 0ms) look_later();
	return {};
}

// From now on the health is that of the probe that is attached now.
Result<void> SightWatch::look_at_probe() {
	auto health = jit::ProbeHealth::start(probe_.plan(), probe_.kernel());
	if (!health) return std::unexpected(health.error());
	if (health_ && health_->fd() >= 0) loop_.forget(health_->fd());
	health_.emplace(std::move(*health));
	if (health_->fd() >= 0) loop_.watch(health_->fd(), POLLIN, [this](short) { look(); });
	attached_ = true;
	return {};
}

void SightWatch::look_later() {
	timer_ = loop_.after(every_, [this] {
		look();
		look_later();
	});
}

void SightWatch::look() {
	if (looking_ || failed_ || !health_) return;
	looking_ = true;
	look_once();
	looking_ = false;
}

void SightWatch::look_once() {
	// If kprobes are switched off and on during a look, the next look shows that. The probe is therefore known to
	// see up to the beginning of a look.
	const auto begun = Clock::now();
	const State state = health_->look();
	if (attached_) {
		if (state != State::kSees && !blind_) {
			blind_ = state;
			tell_("drops are not seen: " + jit::describe(state));
		}
		if (state == State::kSees || state == State::kWasSwitchedOff) return sees_again(begun);
		if (state == State::kSwitchedOff || probe_.busy()) return;
		let_go(state);
	}
	if (state == State::kNotLoaded) {
		// Nothing is dropped by what is not there. Loading nf_tables is for its user to do.
		tries_ = 0;
		try_at_ = {};
	} else if (Clock::now() >= try_at_) {
		try_to_attach();
	}
}

// Lets go of a probe that sees no more. kReplaced: a new ruleset may be loaded already, with the handles and
// generations of the old ruleset. The probe's last drops are of the old ruleset, so the new one may not be asked about
// these drops.
void SightWatch::let_go(State why) {
	if (why == State::kReplaced) rulesets_.stop();
	probe_.let_go();
	rulesets_.stop();
	attached_ = false;
}

Result<void> SightWatch::attach_anew() {
	rulesets_.start_anew(); // the rulesets are read while the probe is made
	auto attached = probe_.attach_anew();
	if (!attached) rulesets_.stop();
	return attached;
}

void SightWatch::try_to_attach() {
	auto attached = attach_anew();
	const auto seen_at = Clock::now();
	if (attached) {
		attached = look_at_probe();
		if (!attached) let_go(State::kReplaced);
	}
	if (attached) {
		tries_ = 0;
		try_at_ = {};
		return sees_again(seen_at);
	}
	if (tries_ == 0) tell_("no new probe is attached yet: " + attached.error().message());
	try_at_ = Clock::now() + kFirstPause * (1 << tries_);
	if (++tries_ == kTries) failed_ = std::move(attached.error());
}

void SightWatch::sees_again(Clock::time_point seen_at) {
	const bool was_blind = blind_.has_value();
	end_gap();
	blind_.reset();
	seen_at_ = seen_at;
	if (was_blind) tell_("watching again: drops are seen");
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
}

void SightWatch::end() {
	if (!health_) return;
	// A new probe is not worth its start-up now.
	if (attached_ && !looking_) {
		const auto begun = Clock::now();
		const State state = health_->look();
		if (state != State::kSees && !blind_) blind_ = state;
		if (state == State::kSees || state == State::kWasSwitchedOff) sees_again(begun);
	}
	end_gap();
	stop();
}

void SightWatch::stop() {
	loop_.cancel(timer_);
	if (health_ && health_->fd() >= 0) loop_.forget(health_->fd());
	health_.reset();
}

Result<void> SightWatch::outcome(const char *command) const {
	if (!failed_) return {};
	return std::unexpected(Error{.what = command,
	                             .why = fmt::format("{}, and no new probe could be attached: {}",
	                                                jit::describe(*blind_), failed_->message()),
	                             .next = {},
	                             .blame = failed_->blame});
}

} // namespace nft_drops::cli
