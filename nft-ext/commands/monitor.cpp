// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/commands/monitor.h"

#include "jit/start/session.h"
#include "nft-ext/commands/display.h"
#include "nft-ext/drop/namespaces.h"
#include "nft-ext/drop/rulesets.h"
#include "nft-ext/loop/signals.h"
#include "nft-ext/text/report.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <poll.h>
#include <unistd.h>

namespace nft_drops::cli {
namespace {

using Clock = std::chrono::steady_clock; // CLOCK_MONOTONIC, as events are stamped with

class Monitor {
public:
	Monitor(const MonitorOptions &options, jit::Session session, Rulesets &rulesets)
	    : options_(options), session_(std::move(session)),
	      display_(options, rulesets, session_.kernel.layout.expression) {}

	Result<void> run(const Signals &signals, const std::function<void()> &ready) {
		say("monitoring " + where_it_looks(session_.plan.sites.size(), session_.kernel.release,
		                                   session_.probe->counts().missed_complete));
		if (ready) ready();
		end_ = options_.duration ? Clock::now() + *options_.duration : Clock::time_point::max();
		bool more = false;
		while (!done_) {
			if (auto ok = wait(signals, more); !ok) return ok;
			more = !drain(kAtOnce);
			display_.tick();
			if (over()) done_ = true;
		}
		session_.probe->detach();
		if (!over()) drain(SIZE_MAX);
		display_.finish();
		const jit::Counts counts = session_.probe->counts();
		if (options_.audit) say(display_.totals().audit(counts.drops, counts.freed));
		say(display_.totals().summary(counts.lost()));
		if (display_.failed()) return std::unexpected(*display_.failed());
		return {};
	}

private:
	// After a wake-up events are left to gather for this long: many are then handled at the cost of one. Longer
	// where the last time many had come.
	static constexpr timespec kGather{0, 2'000'000};
	static constexpr timespec kGatherMany{0, 8'000'000};
	static constexpr size_t kMany = 100;
	// Then signals and the reader of stdout have their turn.
	static constexpr size_t kAtOnce = 4096;

	[[nodiscard]] bool over() const { return display_.full() || display_.closed() || display_.failed(); }

	// How long may be slept.
	[[nodiscard]] int timeout(bool more) const {
		if (more) return 0;
		auto left = std::chrono::milliseconds::max();
		if (display_.busy()) left = Sink::kFlushEvery;
		if (options_.all_netns) left = std::min<std::chrono::milliseconds>(left, std::chrono::seconds(2));
		if (options_.duration)
			left = std::min(left, std::chrono::ceil<std::chrono::milliseconds>(end_ - Clock::now()));
		if (left == std::chrono::milliseconds::max()) return -1;
		return static_cast<int>(std::clamp<int64_t>(left.count(), 0, INT32_MAX));
	}

	// Until there are events, or it is time to end (done_), or to look after the display.
	Result<void> wait(const Signals &signals, bool more) {
		// stdout is watched for its reader's going away only.
		pollfd fds[] = {{session_.probe->fd(), POLLIN, 0}, {signals.fd(), POLLIN, 0}, {STDOUT_FILENO, 0, 0}};
		const int n = poll(fds, std::size(fds), timeout(more));
		if (n < 0 && errno != EINTR) return fail("monitor", strerror(errno));
		if (options_.duration && Clock::now() >= end_) done_ = true;
		if (n > 0 && fds[1].revents) done_ = true;
		if (n > 0 && fds[2].revents & (POLLERR | POLLHUP | POLLNVAL)) done_ = closed_ = true;
		if (!done_ && !more && n > 0 && fds[0].revents)
			nanosleep(gathered_ < kMany ? &kGather : &kGatherMany, nullptr);
		return {};
	}

	// False where there may be more.
	bool drain(size_t most) {
		gathered_ = 0;
		display_.begin();
		return closed_ || session_.probe->drain([&](const nd_event &event, const nd_path *path) {
			display_.show(event, path);
			return ++gathered_ < most;
		});
	}

	const MonitorOptions &options_;
	jit::Session session_;
	Display display_;
	Clock::time_point end_;
	size_t gathered_ = 0; // events, the last time
	bool done_ = false;
	bool closed_ = false; // nobody reads stdout any more
};

} // namespace

Result<void> monitor(const MonitorOptions &options, const std::function<void()> &ready) {
	const Signals signals;
	auto netns = options.netns.empty() ? NetNamespace::present() : NetNamespace::open(options.netns);
	if (!netns) return std::unexpected(netns.error());
	const NetNamespace *one = options.all_netns ? nullptr : &*netns;
	// nf_tables first, since the ruleset's reader needs it; that one reads while the probe is made.
	if (auto loaded = jit::load_nf_tables(); !loaded) return std::unexpected(loaded.error());
	auto rulesets = Rulesets::start(one);
	if (!rulesets) return std::unexpected(rulesets.error());
	auto session = jit::Session::start({.netns = one ? one->inode() : 0,
	                                    .netns_held = one != nullptr,
	                                    .path = options.path,
	                                    .audit = options.audit});
	if (!session) return std::unexpected(session.error());
	if (auto read = (*rulesets)->ready(); !read) return std::unexpected(read.error());
	return Monitor(options, std::move(*session), **rulesets).run(signals, ready);
}

} // namespace nft_drops::cli
