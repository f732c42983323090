// SPDX-License-Identifier: GPL-2.0-only
#include "jit/start/session_keeper.h"

#include <algorithm>
#include <utility>

namespace nft_drops::jit {
namespace {

using namespace std::chrono_literals;

// A new probe that does not pass the self-test is tried again after this long, then after twice as long, and so on.
constexpr auto kFirstPause = 500ms;
constexpr auto kLongestPause = 30s;

} // namespace

Result<std::unique_ptr<SessionKeeper>> SessionKeeper::start(Session session, const SessionOptions &options) {
	std::unique_ptr<SessionKeeper> keeper(new SessionKeeper(std::move(session), options));
	if (auto begun = keeper->begin(); !begun) return std::unexpected(begun.error());
	return keeper;
}

Result<void> SessionKeeper::begin() {
	auto health = ProbeHealth::start(session_.plan, session_.kernel);
	if (!health) return std::unexpected(health.error());
	health_.emplace(std::move(*health));
	return {};
}

SessionKeeper::Gap SessionKeeper::ended(Clock::time_point from, std::string why) {
	const auto now = Clock::now();
	unseen_ += now - from;
	seen_at_ = now;
	return {from, now, std::move(why)};
}

// A probe for the code as it is now, in place of the present one.
bool SessionKeeper::replace(const std::function<void()> &drain) {
	if (Clock::now() < try_at_) return false;
	auto next = Session::start(options_);
	if (next) {
		session_.probe->detach();
		drain();
		earlier_ += session_.probe->counts();
		session_ = std::move(*next);
		if (begin()) return true;
	}
	pause_ = std::clamp<Clock::duration>(pause_ * 2, kFirstPause, kLongestPause);
	try_at_ = Clock::now() + pause_;
	return false;
}

SessionKeeper::Look SessionKeeper::look(const std::function<void()> &drain) {
	Look look;
	const auto now = Clock::now();
	const auto state = health_->look();
	const bool sees = state == ProbeHealth::State::kSees || state == ProbeHealth::State::kWasSwitchedOff;
	if (options_.audit && sees && session_.netfilter.changed())
		(void)session_.probe->set_netfilter_code(session_.netfilter.ranges());
	if (state == ProbeHealth::State::kSees && lost_.empty()) {
		seen_at_ = now;
		return look;
	}
	if (lost_.empty()) lost_ = look.lost = describe(state);
	if (state == ProbeHealth::State::kReplaced && replace(drain)) look.replaced = true;
	if (sees || look.replaced) {
		look.gap = ended(seen_at_, std::exchange(lost_, {}));
		try_at_ = {};
		pause_ = {};
	}
	return look;
}

std::optional<SessionKeeper::Gap> SessionKeeper::close() {
	const auto state = health_->look();
	if (lost_.empty() && state == ProbeHealth::State::kSees) return std::nullopt;
	return ended(seen_at_, lost_.empty() ? describe(state) : std::exchange(lost_, {}));
}

Counts SessionKeeper::counts() const {
	Counts all = session_.probe->counts();
	all += earlier_;
	return all;
}

} // namespace nft_drops::jit
