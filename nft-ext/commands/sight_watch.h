// SPDX-License-Identifier: GPL-2.0-only
// Whether a probe still sees, for as long as a command runs: looks at its health twice a second, tells when its sight
// ends and comes back, and adds up the time unseen.
//
// The kernel tells nobody when it ends a kprobe's sight (jit/attach/probe_health.h).
#ifndef NFT_DROPS_NFT_EXT_COMMANDS_SIGHT_WATCH_H
#define NFT_DROPS_NFT_EXT_COMMANDS_SIGHT_WATCH_H

#include "jit/attach/probe_health.h"
#include "jit/base/result.h"
#include "nft-ext/loop/loop.h"

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace nft_drops::cli {

class SightWatch {
public:
	using Clock = Loop::Clock;
	using Wall = std::chrono::system_clock;
	// Hears each change, in words for the user.
	using Tell = std::function<void(const std::string &text)>;
	// Hears of each time unseen, once the time has ended. Null: nobody wants to know.
	using NotWatched = std::function<void(Wall::time_point from, Wall::time_point to, const std::string &why)>;

	SightWatch(Loop &loop, Tell tell, NotWatched not_watched = nullptr)
	    : loop_(loop), tell_(std::move(tell)), not_watched_(std::move(not_watched)) {}
	SightWatch(const SightWatch &) = delete;
	SightWatch &operator=(const SightWatch &) = delete;
	~SightWatch() { stop(); }

	// `plan` and `kernel` are those of the attached probe. From its return on no drop goes unseen without being
	// told.
	Result<void> start(const jit::Plan &plan, const jit::Kernel &kernel);
	// Looks once more; a time unseen ends here. Nothing is looked at afterwards. In front of detaching the probe.
	void end();

	// The probe sees nothing any more: another probe is needed.
	[[nodiscard]] bool lost() const { return lost_; }
	// The error where lost(), of this command.
	[[nodiscard]] Result<void> outcome(const char *command) const;
	// Why the probe does not see now; nothing: the probe sees. Since when: the last moment at which it was seen to.
	[[nodiscard]] std::optional<jit::ProbeHealth::State> blind() const { return blind_; }
	[[nodiscard]] Clock::time_point seen_at() const { return seen_at_; }
	// The times unseen that have ended, together.
	[[nodiscard]] std::chrono::milliseconds unseen() const { return unseen_; }
	void forget_unseen() { unseen_ = {}; }

private:
	void look_later();
	void look();
	void end_gap();
	void stop();

	Loop &loop_;
	Tell tell_;
	NotWatched not_watched_;
	std::optional<jit::ProbeHealth> health_; // from start() to end()
	Loop::Timer timer_ = 0;
	Clock::time_point seen_at_;
	std::optional<jit::ProbeHealth::State> blind_;
	bool lost_ = false;
	std::chrono::milliseconds unseen_{};
};

} // namespace nft_drops::cli

#endif
