// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/cli/monitor.h"

#include "jit/session.h"
#include "nft-ext/cli/output.h"
#include "nft-ext/cli/report.h"
#include "nft-ext/cli/signals.h"
#include "nft-ext/cli/tally.h"
#include "nft-ext/cli/usdt.h"
#include "nft-ext/ruleset/ruleset.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace nft_drops::cli {
namespace {

using Clock = std::chrono::steady_clock; // CLOCK_MONOTONIC, as events are stamped with

// The inode number that names this process's network namespace, in nd_event.netns too.
Result<uint32_t> present_netns() {
	struct stat s{};
	if (stat("/proc/self/ns/net", &s) != 0) return fail("/proc/self/ns/net", strerror(errno), "mount /proc");
	return static_cast<uint32_t>(s.st_ino);
}

class Monitor {
public:
	Monitor(const MonitorOptions &options, jit::Session session, Ruleset &ruleset)
	    : options_(options), session_(std::move(session)), ruleset_(ruleset),
	      renderer_(make_renderer(options.format)) {}

	Result<void> run(const Signals &signals, const std::function<void()> &ready) {
		say(fmt::format("monitoring {} sites in nft_do_chain of Linux {}{}", session_.plan.sites.size(),
		                session_.kernel.release,
		                session_.probe->counts().missed_complete
		                        ? ""
		                        : " (which cannot tell how often a probe was missed)"));
		if (ready) ready();
		const auto end = options_.duration ? Clock::now() + *options_.duration : Clock::time_point::max();
		while (!done_) {
			if (auto ok = wait(signals, end); !ok) return ok;
			drain();
		}
		session_.probe->detach();
		if (!closed_ && !full()) drain();
		renderer_->finish(buffer_);
		if (!closed_) write_out(buffer_);
		say(tally_.summary(session_.probe->counts().lost()));
		if (failed_) return std::unexpected(*failed_);
		return {};
	}

private:
	// After a wake-up events are left to gather for this long: many are then handled at the cost of one. Longer
	// where the last time many had come.
	static constexpr timespec kGather{0, 2'000'000};
	static constexpr timespec kGatherMany{0, 8'000'000};
	static constexpr size_t kMany = 100;
	static constexpr size_t kWriteBytes = 64 * 1024;

	[[nodiscard]] bool full() const { return options_.count && tally_.all() >= *options_.count; }

	// Until there are events, or it is time to end (done_).
	Result<void> wait(const Signals &signals, Clock::time_point end) {
		// stdout is watched for its reader's going away only.
		pollfd fds[] = {{session_.probe->fd(), POLLIN, 0}, {signals.fd(), POLLIN, 0}, {STDOUT_FILENO, 0, 0}};
		int timeout = -1;
		if (options_.duration) {
			const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
			timeout = static_cast<int>(std::clamp<int64_t>(left, 0, INT32_MAX));
		}
		const int n = poll(fds, std::size(fds), timeout);
		if (n < 0 && errno != EINTR) return fail("monitor", strerror(errno));
		if (options_.duration && Clock::now() >= end) done_ = true;
		if (n > 0 && fds[1].revents) done_ = true;
		if (n > 0 && fds[2].revents & (POLLERR | POLLHUP | POLLNVAL)) done_ = closed_ = true;
		if (!done_ && n > 0 && fds[0].revents) nanosleep(gathered_ < kMany ? &kGather : &kGatherMany, nullptr);
		return {};
	}

	void drain() {
		// The wall clock may be set while we run: asked anew each time.
		const auto wall = std::chrono::system_clock::now();
		const auto monotonic = std::chrono::nanoseconds(Clock::now().time_since_epoch());
		gathered_ = session_.probe->drain([&](const nd_event &event) {
			if (full() || closed_) return;
			const auto age = monotonic - std::chrono::nanoseconds(event.time_ns);
			show(event, wall - std::chrono::duration_cast<std::chrono::system_clock::duration>(age));
		});
		if (!write_out(buffer_)) closed_ = true;
		if (full() || closed_ || failed_) done_ = true;
	}

	void show(const nd_event &event, std::chrono::system_clock::time_point time) {
		auto answer = ruleset_.answer(event);
		if (!answer) {
			// Without the ruleset's words nothing can be told rightly: end, and say why.
			if (!failed_) failed_ = answer.error();
			return;
		}
		tally_.add(event);
		renderer_->drop(event, **answer, time, buffer_);
		announce(event, **answer);
		if (buffer_.size() > kWriteBytes && !write_out(buffer_)) closed_ = true;
	}

	const MonitorOptions &options_;
	jit::Session session_;
	Ruleset &ruleset_;
	std::unique_ptr<Renderer> renderer_;
	std::string buffer_;
	Tally tally_;
	size_t gathered_ = 0; // events, the last time
	bool done_ = false;
	bool closed_ = false; // nobody reads stdout any more
	std::optional<Error> failed_;
};

} // namespace

Result<void> monitor(const MonitorOptions &options, const std::function<void()> &ready) {
	const Signals signals;
	auto netns = present_netns();
	if (!netns) return std::unexpected(netns.error());
	// nf_tables first, since the ruleset's reader needs it; that one reads while the probe is made.
	if (auto loaded = jit::load_nf_tables(); !loaded) return std::unexpected(loaded.error());
	auto ruleset = Ruleset::start({});
	if (!ruleset) return std::unexpected(ruleset.error());
	auto session = jit::Session::start({.netns = *netns, .netns_held = true});
	if (!session) return std::unexpected(session.error());
	if (auto read = (*ruleset)->ready(); !read) return std::unexpected(read.error());
	return Monitor(options, std::move(*session), **ruleset).run(signals, ready);
}

} // namespace nft_drops::cli
