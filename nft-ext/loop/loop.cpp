// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/loop/loop.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

namespace nft_drops {

void Loop::watch(int fd, short events, Ready ready) {
	forget(fd);
	watched_[fd] = {std::make_shared<Ready>(std::move(ready)), polled_.size()};
	polled_.push_back({fd, events, 0});
}

void Loop::want(int fd, short events) {
	if (const auto known = watched_.find(fd); known != watched_.end()) polled_[known->second.place].events = events;
}

void Loop::forget(int fd) {
	const auto known = watched_.find(fd);
	if (known == watched_.end()) return;
	polled_.erase(polled_.begin() + static_cast<ptrdiff_t>(known->second.place));
	for (auto &[other, watched] : watched_)
		if (watched.place > known->second.place) watched.place--;
	watched_.erase(known);
}

Loop::Timer Loop::at(Clock::time_point time, Due due) {
	const Timer timer = ++last_timer_;
	timers_.emplace(std::pair(time, timer), std::move(due));
	times_.emplace(timer, time);
	return timer;
}

void Loop::cancel(Timer timer) {
	const auto known = times_.find(timer);
	if (known == times_.end()) return;
	timers_.erase({known->second, timer});
	times_.erase(known);
}

int Loop::timeout(Clock::time_point latest) const {
	if (!timers_.empty()) latest = std::min(latest, timers_.begin()->first.first);
	if (latest == Clock::time_point::max()) return -1;
	const auto left = std::chrono::ceil<std::chrono::milliseconds>(latest - Clock::now());
	return static_cast<int>(std::clamp<int64_t>(left.count(), 0, INT_MAX));
}

// Those that are due now, and none that they start.
void Loop::run_timers() {
	const auto now = Clock::now();
	std::vector<Timer> due;
	for (const auto &[when, handler] : timers_) {
		if (when.first > now) break;
		due.push_back(when.second);
	}
	for (const Timer timer : due) {
		const auto known = times_.find(timer); // an earlier one may have cancelled it
		if (known == times_.end()) continue;
		auto entry = timers_.extract({known->second, timer});
		times_.erase(known);
		entry.mapped()();
	}
}

Result<void> Loop::once(Clock::time_point latest) {
	// A copy: handlers register and forget descriptors.
	std::vector<pollfd> polled = polled_;
	const int ready = poll(polled.data(), polled.size(), timeout(latest));
	if (ready < 0 && errno != EINTR) return usage_error("poll", strerror(errno));
	for (const pollfd &one : polled) {
		if (ready <= 0) break;
		if (one.revents == 0) continue;
		const auto known = watched_.find(one.fd);
		// Forgotten or no longer wanted since.
		if (known == watched_.end()) continue;
		const auto wanted =
		        static_cast<short>(polled_[known->second.place].events | POLLERR | POLLHUP | POLLNVAL);
		const auto came = static_cast<short>(one.revents & wanted);
		if (came == 0) continue;
		const auto handler = known->second.ready;
		(*handler)(came);
	}
	run_timers();
	return {};
}

Result<void> Loop::run() {
	stopped_ = false;
	while (!stopped_) {
		if (auto ok = once(); !ok) return ok;
	}
	return {};
}

} // namespace nft_drops
