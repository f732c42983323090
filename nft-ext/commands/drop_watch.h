// SPDX-License-Identifier: GPL-2.0-only
// A probe whose drops go to Sinks, as `monitor` and `run` watch it: ring -> event -> ruleset -> Sinks.
//
//	Loop loop;
//	with_drop_watch(request, loop, [&](DropWatch &watch) -> Result<void> {
//		if (auto ok = watch.start(); !ok) return ok;
//		while (!watch.over())
//			if (auto ok = loop.once(); !ok) return ok;
//		if (auto ok = watch.end(); !ok) return ok;
//		... watch.totals(), watch.counts() ...
//		return watch.outcome();
//	});
#ifndef NFT_DROPS_NFT_EXT_COMMANDS_DROP_WATCH_H
#define NFT_DROPS_NFT_EXT_COMMANDS_DROP_WATCH_H

#include "jit/base/result.h"
#include "jit/start/session.h"
#include "nft-ext/capture/pcapng_sink.h"
#include "nft-ext/cli/command_line.h"
#include "nft-ext/commands/live_kernel_names.h"
#include "nft-ext/commands/sight_watch.h"
#include "nft-ext/drop/display.h"
#include "nft-ext/drop/rulesets.h"
#include "nft-ext/loop/loop.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unistd.h>

namespace nft_drops::cli {

// Which drops a command watches, and where the command shows the drops.
struct WatchRequest {
	const char *command; // its name, for error messages
	const MonitorOptions &options;
	const char *undone;          // what does not happen where a MATCH is wrong, as in "nothing is monitored"
	int text_fd = STDOUT_FILENO; // where drops are printed; stays the caller's
	// Called once the whole command line is known to be good: makes a control group and tells its id, for
	// nd_event.of_group. Null: no control group matters.
	std::function<Result<uint64_t>()> group{};
	// Whether a drop is shown and counted. Null: all are.
	std::function<bool(const nd_event &)> concerns{};
};

class DropWatch final : private WatchedProbe {
public:
	using Clock = Loop::Clock;
	// After a signal, captured drops are printed for this long. The number of the others is told.
	static constexpr std::chrono::milliseconds kAfterSignal{900};

	// `session` was started with `wanted`.
	DropWatch(const WatchRequest &request, Loop &loop, jit::Session session, jit::SessionOptions wanted,
	          Rulesets &rulesets, Devices devices, std::string without, std::optional<pcapng::CaptureFile> capture);
	DropWatch(const DropWatch &) = delete;
	DropWatch &operator=(const DropWatch &) = delete;
	~DropWatch() override;

	// From its return on no drop goes unseen without being told.
	Result<void> start();
	// There is nothing to go on for: stop() was called, no probe sees any more, enough drops were shown, or nobody
	// reads drops any more.
	[[nodiscard]] bool over() const { return done_ || sight_.lost() || display_.full() || display_.closed(); }
	void stop() { done_ = true; }
	// The same; end() takes no longer than `time` from now on.
	void stop_within(Clock::duration time) {
		done_ = true;
		latest_ = Clock::now() + time;
	}
	// Links gone, everything captured printed.
	Result<void> end();
	// After end(): why it ended, if that is an error.
	[[nodiscard]] Result<void> outcome() const;

	// As say(), but standard error may be the same pipe that nobody reads.
	void tell(const std::string &text);
	[[nodiscard]] const Totals &totals() const { return display_.totals(); }
	[[nodiscard]] const jit::Counts &counts() const { return counts_; } // of all probes; after end()
	[[nodiscard]] std::chrono::milliseconds unseen() const { return sight_.unseen(); }
	[[nodiscard]] const jit::Session &session() const { return session_; }
	// The families of tables whose rules cannot hold the MATCH, in words: "" or "; ...".
	[[nodiscard]] const std::string &without() const { return without_; }

private:
	// WatchedProbe:
	[[nodiscard]] const jit::Plan &plan() const override { return session_.plan; }
	[[nodiscard]] const jit::Kernel &kernel() const override { return session_.kernel; }
	void let_go() override;
	Result<void> attach_anew() override;

	void take_rest();
	std::optional<bool> stands_in_chain(const Drop &drop);
	void add_capture(pcapng::CaptureFile file);
	void gather();
	void read_ring_after(std::chrono::milliseconds delay);
	bool drain(size_t most);
	template <typename True> Result<void> until(True is_true, Clock::duration early = {});

	const WatchRequest &request_;
	Loop &loop_;
	jit::SessionOptions wanted_;
	std::string without_;
	jit::Session session_; // without a probe after let_go(), until one is attached anew
	LiveKernelNames names_;
	Display display_;
	jit::Counts counts_;                                  // of the probes that are gone
	Clock::time_point latest_ = Clock::time_point::max(); // set by stop_within()
	size_t gathered_ = 0;                                 // events, the last time
	bool no_room_ = false;                                // that ended the last time
	bool done_ = false;
	bool rest_ = false; // all that is in the ring is taken, whatever waits for texts
	SightWatch sight_;
};

// Checks what the request asks for, then runs all steps to an attached probe, then `use`. Where anything fails before
// `use`, nothing is attached.
Result<void> with_drop_watch(const WatchRequest &request, Loop &loop,
                             const std::function<Result<void>(DropWatch &)> &use);

} // namespace nft_drops::cli

#endif
