// SPDX-License-Identifier: GPL-2.0-only
// The event loop: one thread that waits for registered descriptors and timers, and for nothing else. Handlers must not
// wait.
//
//	Loop loop;
//	loop.watch(probe.fd(), POLLIN, [&](short) { ... });
//	loop.after(100ms, [&] { ... });
//	loop.run();            // until somebody calls stop()
#ifndef NFT_DROPS_NFT_EXT_LOOP_LOOP_H
#define NFT_DROPS_NFT_EXT_LOOP_LOOP_H

#include "jit/base/result.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <poll.h>
#include <unordered_map>
#include <utility>
#include <vector>

namespace nft_drops {

class Loop {
public:
	using Clock = std::chrono::steady_clock;
	// `events` are those of poll(2) that came: some of the wanted ones, POLLERR, POLLHUP, POLLNVAL.
	using Ready = std::function<void(short events)>;
	using Due = std::function<void()>;

	Loop() = default;
	Loop(const Loop &) = delete;
	Loop &operator=(const Loop &) = delete;

	// Calls `ready` whenever one of `events` has come (level-triggered), and for POLLERR and POLLHUP, also with
	// `events` 0. One registration a descriptor. The descriptor has to stay open until forget().
	void watch(int fd, short events, Ready ready);
	// From now on these events; nothing where the descriptor is not registered.
	void want(int fd, short events);
	void forget(int fd);

	// Once; the timer's number is never 0.
	using Timer = uint64_t;
	Timer at(Clock::time_point time, Due due);
	Timer after(Clock::duration delay, Due due) { return at(Clock::now() + delay, std::move(due)); }
	// Nothing where it has run, or is 0.
	void cancel(Timer timer);

	// Waits until something comes, or until `latest`, and calls the handlers: descriptors in the order of their
	// registration, then timers. Each descriptor once, so that none keeps the others from their turn.
	Result<void> once(Clock::time_point latest = Clock::time_point::max());
	// Until stop() is called.
	Result<void> run();
	void stop() { stopped_ = true; }

private:
	struct Watched {
		std::shared_ptr<Ready> ready; // a handler may forget its own descriptor
		size_t place = 0;             // in polled_
	};
	[[nodiscard]] int timeout(Clock::time_point latest) const;
	void run_timers();

	std::vector<pollfd> polled_;
	std::unordered_map<int, Watched> watched_;
	std::map<std::pair<Clock::time_point, Timer>, Due> timers_;
	std::unordered_map<Timer, Clock::time_point> times_;
	Timer last_timer_ = 0;
	bool stopped_ = false;
};

} // namespace nft_drops

#endif
