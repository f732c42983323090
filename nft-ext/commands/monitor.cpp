// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/commands/monitor.h"

#include "nft-ext/commands/drop_watch.h"
#include "nft-ext/loop/loop.h"
#include "nft-ext/loop/signals.h"
#include "nft-ext/text/report.h"

#include <fmt/format.h>

#include <poll.h>

namespace nft_drops::cli {
namespace {

Result<void> watch_until_told(DropWatch &watch, const MonitorOptions &options, Loop &loop, Signals &signals,
                              const std::function<void()> &ready) {
	// In front of the line that says so: from then on no drop may go unseen without being told.
	if (auto started = watch.start(); !started) return started;
	// Whoever reads that line may send a signal at once.
	signals.report();
	const jit::Session &session = watch.session();
	say("monitoring " +
	    where_it_looks(session.plan.sites.size(), session.kernel.release, session.probe->counts().missed_complete) +
	    watch.without());
	if (ready) ready();
	loop.watch(signals.fd(), POLLIN, [&](short) {
		watch.stop_within(DropWatch::kAfterSignal);
		loop.forget(signals.fd());
	});
	if (options.duration) loop.after(*options.duration, [&watch] { watch.stop(); });
	while (!watch.over()) {
		if (auto ok = loop.once(); !ok) return ok;
	}
	if (auto ok = watch.end(); !ok) return ok;
	const jit::Counts &counts = watch.counts();
	// Counted only for an audit; without one there are only nf_tables' drops.
	const uint64_t all = counts.drops + counts.other;
	const bool asks = options.match || options.pcap;
	if (options.audit)
		watch.tell(watch.totals().audit({.seen = counts.drops,
		                                 .freed = counts.freed,
		                                 .other = counts.other,
		                                 .filtered = asks ? std::optional(counts.filtered) : std::nullopt}));
	if (const uint64_t n = watch.totals().undecided)
		watch.tell(fmt::format("{} undecided drops: what decides could not be read", n));
	watch.tell(watch.totals().summary(counts.lost(), asks ? std::optional(all) : std::nullopt, watch.unseen()));
	loop.forget(signals.fd());
	return watch.outcome();
}

} // namespace

Result<void> monitor(const MonitorOptions &options, const std::function<void()> &ready) {
	Signals signals;
	Loop loop;
	return with_drop_watch(
	        {.command = "monitor", .options = options, .undone = "nothing is monitored"}, loop,
	        [&](DropWatch &watch) { return watch_until_told(watch, options, loop, signals, ready); });
}

} // namespace nft_drops::cli
