// SPDX-License-Identifier: GPL-2.0-only
// Whether a probe still sees, for as long as a command runs: looks at its health again and again, tells when its sight
// ends and comes back, and adds up the time unseen. Where nf_tables was loaded anew or patched, has a new probe
// attached to the code as it is now.
//
// The kernel tells nobody when it ends a kprobe's sight (jit/attach/probe_health.h).
#ifndef NFT_DROPS_NFT_EXT_COMMANDS_SIGHT_WATCH_H
#define NFT_DROPS_NFT_EXT_COMMANDS_SIGHT_WATCH_H

#include "jit/attach/probe_health.h"
#include "jit/base/result.h"
#include "nft-ext/drop/rulesets.h"
#include "nft-ext/loop/loop.h"

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace nft_drops::cli {

// A command's probe, which the command attaches anew when SightWatch says so.
class WatchedProbe {
public:
	virtual ~WatchedProbe() = default;

	// Those of the attached probe.
	[[nodiscard]] virtual const jit::Plan &plan() const = 0;
	[[nodiscard]] virtual const jit::Kernel &kernel() const = 0;

	// True while the command is taking what the probe saw. let_go() is not called then; SightWatch looks again half
	// a second later.
	[[nodiscard]] virtual bool busy() const { return false; }
	// The probe sees nothing any more, and never will: takes what the probe saw, and takes the probe's links away.
	// The rulesets are stopped after this, and before this if a new ruleset may be there already.
	virtual void let_go() = 0;
	// After let_go(): attaches a probe that passed its self-test to the code as it is now. The rulesets are read
	// anew meanwhile. Every drop after the return is seen.
	virtual Result<void> attach_anew() = 0;
};

class SightWatch {
public:
	using Clock = Loop::Clock;
	using Wall = std::chrono::system_clock;
	// Hears each change, in words for the user.
	using Tell = std::function<void(const std::string &text)>;
	// Hears of each time unseen, once the time has ended. Null: nobody wants to know.
	using NotWatched = std::function<void(Wall::time_point from, Wall::time_point to, const std::string &why)>;

	// `probe` is used from start() to end(). `rulesets` are those that tell the texts of the probe's drops.
	SightWatch(Loop &loop, Rulesets &rulesets, WatchedProbe &probe, Tell tell, NotWatched not_watched = nullptr)
	    : loop_(loop), rulesets_(rulesets), probe_(probe), tell_(std::move(tell)),
	      not_watched_(std::move(not_watched)) {}
	SightWatch(const SightWatch &) = delete;
	SightWatch &operator=(const SightWatch &) = delete;
	~SightWatch() { stop(); }

	// The probe is attached. From its return on no drop goes unseen without being told. `every`: how often it
	// looks; 0: only look() does.
	Result<void> start(std::chrono::milliseconds every = std::chrono::milliseconds(500));
	void look();
	// Looks once more; a time unseen ends here. Nothing is looked at afterwards. In front of detaching the probe.
	void end();

	// No probe sees any more, and none could be attached again and again: given up.
	[[nodiscard]] bool lost() const { return failed_.has_value(); }
	// The error where lost(), of this command.
	[[nodiscard]] Result<void> outcome(const char *command) const;
	// Why the probe does not see now; nothing: the probe sees. Since when: the last moment at which it was seen to.
	[[nodiscard]] std::optional<jit::ProbeHealth::State> blind() const { return blind_; }
	[[nodiscard]] Clock::time_point seen_at() const { return seen_at_; }
	// The times unseen that have ended, together.
	[[nodiscard]] std::chrono::milliseconds unseen() const { return unseen_; }
	void forget_unseen() { unseen_ = {}; }

private:
	Result<void> look_at_probe();
	void look_later();
	void look_once();
	void let_go(jit::ProbeHealth::State why);
	void try_to_attach();
	Result<void> attach_anew();
	void sees_again(Clock::time_point seen_at);
	void end_gap();
	void stop();

	Loop &loop_;
	Rulesets &rulesets_;
	WatchedProbe &probe_;
	Tell tell_;
	NotWatched not_watched_;
	std::optional<jit::ProbeHealth> health_; // from start() to end(); of the latest probe
	std::chrono::milliseconds every_{};
	Loop::Timer timer_ = 0;
	Clock::time_point seen_at_;
	std::optional<jit::ProbeHealth::State> blind_;
	bool attached_ = false; // false from let_go() until a new probe is attached
	bool looking_ = false;  // the probe's owner may run the loop
	int tries_ = 0;         // to attach a new probe, in vain
	Clock::time_point try_at_;
	std::optional<Error> failed_;
	std::chrono::milliseconds unseen_{};
};

} // namespace nft_drops::cli

#endif
