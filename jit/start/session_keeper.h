// SPDX-License-Identifier: GPL-2.0-only
// Keeps the probe of a session seeing for as long as a program runs: notices what ends its sight (see probe_health.h),
// attaches a new probe, which has to pass the self-test again, and tells the time that went unseen.
//
//	auto keeper = SessionKeeper::start(std::move(*session), options);
//	... every kEvery, and when fd() is readable:
//	auto look = keeper->look([&] { /* drain keeper->session().probe */ });
//	... at the end:
//	keeper->close();
#ifndef NFT_DROPS_JIT_START_SESSION_KEEPER_H
#define NFT_DROPS_JIT_START_SESSION_KEEPER_H

#include "jit/attach/probe_health.h"
#include "jit/start/session.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace nft_drops::jit {

class SessionKeeper {
public:
	using Clock = std::chrono::steady_clock; // CLOCK_MONOTONIC

	// A time in which drops may not have been seen. Before and after it every drop was.
	struct Gap {
		Clock::time_point from, to;
		std::string why; // "nf_tables was unloaded"
	};
	struct Look {
		std::string lost;       // why the probe has just ceased to see; empty where it has not
		std::optional<Gap> gap; // that has just ended
		bool replaced =
		        false; // session() is another one: nothing that was kept of the ruleset is true any more
	};

	// The session was started with these options and sees.
	static Result<std::unique_ptr<SessionKeeper>> start(Session session, const SessionOptions &options);

	static constexpr std::chrono::milliseconds kEvery{500};
	[[nodiscard]] int fd() const { return health_->fd(); } // -1: there is none

	// `drain` is called before a probe is closed, to take the events out of its ring. Takes as long as
	// Session::start() where a new probe is attached, else some microseconds.
	Look look(const std::function<void()> &drain);
	// The end of watching: looks a last time, and ends the gap that is open.
	std::optional<Gap> close();

	[[nodiscard]] Session &session() { return session_; }
	// Of all probes so far.
	[[nodiscard]] Counts counts() const;
	// The sum of all gaps.
	[[nodiscard]] Clock::duration unseen() const { return unseen_; }

private:
	SessionKeeper(Session session, const SessionOptions &options)
	    : session_(std::move(session)), options_(options) {}
	Result<void> begin();
	bool replace(const std::function<void()> &drain);
	Gap ended(Clock::time_point from, std::string why);

	Session session_;
	SessionOptions options_;
	std::optional<ProbeHealth> health_;
	Counts earlier_;                           // of the probes that are gone
	Clock::time_point seen_at_ = Clock::now(); // it saw then
	std::string lost_;                         // why it does not see now; empty: it does
	Clock::time_point try_at_;                 // when a new probe is tried next
	Clock::duration pause_{};
	Clock::duration unseen_{};
};

} // namespace nft_drops::jit

#endif
