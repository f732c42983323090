// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/commands/record.h"

#include "jit/flows/flows.h"
#include "jit/kernel/live/load_nf_tables.h"
#include "nft-ext/commands/match_words.h"
#include "nft-ext/commands/sight_watch.h"
#include "nft-ext/commands/watched_flows.h"
#include "nft-ext/drop/namespaces.h"
#include "nft-ext/drop/rulesets.h"
#include "nft-ext/history/notify.h"
#include "nft-ext/history/store.h"
#include "nft-ext/loop/loop.h"
#include "nft-ext/loop/signals.h"
#include "nft-ext/text/figures.h"
#include "nft-ext/text/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <poll.h>
#include <vector>

namespace nft_drops::cli {
namespace {

using namespace std::chrono_literals;

constexpr int64_t kSecond = 1'000'000'000;
constexpr std::chrono::seconds kTick{1};
// Where nothing drops, so often is written down that it is still being recorded.
constexpr int64_t kHeartbeat = 10 * kSecond;
// The wall clock is slewed by 500 ppm at most (adjtimex(2)): what differs more from one second to the next was set.
constexpr int64_t kClockWasSet = kSecond / 2;
// What cannot be written (a full disk) waits in memory.
constexpr size_t kMostWaiting = 1 << 18;
// A time that is shorter than this is not told as "not recorded" (history/reader.cpp).
constexpr std::chrono::milliseconds kLeastGap{1100};

// A moment that was `ago` before `now`.
Moment earlier(const Moment &now, std::chrono::nanoseconds ago) {
	return {.wall = now.wall - ago.count(), .boot = now.boot - ago.count()};
}

class Recorder final : private WatchedFlows {
public:
	// Which drops are kept.
	struct Kept {
		uint32_t netns = 0; // inode number of the network namespace; 0: of all
		jit::Selector selector;
		std::string match;   // SELECTOR and MATCH as they were typed; empty: all is kept
		std::string without; // words_without()
	};
	Recorder(const RecordOptions &options, StoreOptions where, std::unique_ptr<Store> store,
	         std::unique_ptr<jit::Flows> flows, jit::FlowsOptions wanted, Loop &loop, Rulesets &rulesets, Kept kept)
	    : WatchedFlows(loop, rulesets, std::move(flows), std::move(wanted), kept.netns, options.netns),
	      options_(options), kept_(std::move(kept)), where_(std::move(where)), store_(std::move(store)),
	      loop_(loop),
	      sight_(
	              loop, rulesets, *this, [](const std::string &text) { say(text); },
	              [this](SightWatch::Wall::time_point from, SightWatch::Wall::time_point to, const std::string &) {
		              if (!gap_from_) gap_from_ = earlier(Moment::now(), to - from);
	              }) {}

	Result<void> run(Signals &signals) {
		now_ = Moment::now();
		if (auto begun = begin_span(false); !begun) return begun;
		// In front of the line that says so: from then on no drop may go unseen without being told.
		if (auto sight = sight_.start(0ms); !sight) return sight;
		say("recording " + where_it_looks(flows()->sites(), flows()->release(), flows()->missed().complete) +
		    kept_.without);
		notify_systemd("READY=1");
		bool done = false;
		signals.report();
		loop_.watch(signals.fd(), POLLIN, [&](short) { done = true; });
		auto next = Loop::Clock::now() + kTick;
		while (!done && !sight_.lost()) {
			if (auto waited = loop_.once(next); !waited) return waited;
			if (done || Loop::Clock::now() < next) continue;
			sight_.look();
			if (auto went = tick(); !went) return went;
			next = Loop::Clock::now() + kTick;
			notify_systemd("WATCHDOG=1");
		}
		loop_.forget(signals.fd());
		notify_systemd("STOPPING=1");
		sight_.end();
		take_rest();
		last_written_ = -kHeartbeat;
		if (auto went = tick(); !went) return went;
		const std::string unseen =
		        sight_.unseen().count() > 0 ? fmt::format(", unseen for {} s", seconds(sight_.unseen())) : "";
		say(fmt::format("recorded {} drops{}, {} lost", recorded_, unseen, lost_));
		if (!trouble_.empty()) return usage_error(where_.path, trouble_);
		return sight_.outcome("record");
	}

private:
	// WatchedFlows:
	// If nobody knows whether a rule stands in the chain, the rule's drops are kept.
	void use(const Row &row) override {
		if (!is_selected(kept_.selector, *row.culprit).value_or(true)) return;
		recorded_ += row.drops.packets;
		waiting_.push_back(row);
	}
	// A drop that the filter could not decide is in no sum of the kernel. The history tells such drops as lost.
	void taken(const FlowRows::Sums &sums, uint64_t lost) override {
		const int64_t missing = static_cast<int64_t>(lost) + sums.undecided;
		lost_ += missing;
		waiting_lost_ += missing;
	}

	// Ends the span where the probe's sight ended, and begins another one: `why` tells the time in between as not
	// recorded.
	Result<void> leave_out_gap() {
		const Moment now = now_;
		now_ = std::min(*gap_from_, earlier(now, kLeastGap),
		                [](const Moment &a, const Moment &b) { return a.boot < b.boot; });
		if (auto written = write(); !written) return written;
		now_ = now;
		auto begun = begin_span(false);
		if (begun)
			gap_from_.reset();
		else
			tell(begun.error());
		return {};
	}

	Result<void> begin_span(bool clock_set) {
		offset_ = now_.wall - now_.boot;
		return store_->begin_span(
		        now_,
		        {.boot = boot_id(), .clock_set = clock_set, .netns = options_.netns, .match = kept_.match});
	}

	Result<void> tick() {
		take_sums();
		now_ = Moment::now();
		const int64_t offset = now_.wall - now_.boot;
		if (std::abs(offset - offset_) > kClockWasSet) {
			if (auto begun = begin_span(true); !begun) tell(begun.error());
		}
		offset_ = offset; // slewing goes on for years
		if (gap_from_) {
			if (auto went = leave_out_gap(); !went) return went;
			// In the old span the time unseen would be told as recorded.
			if (gap_from_) return {};
		}
		// The span does not last beyond the moment at which the probe saw.
		if (sight_.blind()) now_ = earlier(now_, Loop::Clock::now() - sight_.seen_at());
		if (waiting_.empty() && waiting_lost_ == 0 && now_.boot - last_written_ < kHeartbeat) return {};
		return write();
	}

	Result<void> write() {
		auto written = store_->write(waiting_, waiting_lost_, now_);
		if (!written && store_->damaged()) {
			if (auto anew = begin_anew(written.error()); !anew) return anew;
			written = store_->write(waiting_, waiting_lost_, now_);
		}
		if (!written) {
			tell(written.error());
			give_up_some();
			return {};
		}
		if (!trouble_.empty()) say(where_.path + ": written again");
		trouble_.clear();
		waiting_.clear();
		waiting_lost_ = 0;
		last_written_ = now_.boot;
		rows().forget();
		if (auto tidied = store_->tidy(now_); !tidied) {
			tell(tidied.error());
			if (store_->damaged()) return begin_anew(tidied.error());
		}
		return {};
	}

	// Set aside what is damaged, and go on in a new file.
	Result<void> begin_anew(const Error &why) {
		store_.reset();
		auto store = Store::open(where_);
		// A damage that opening does not see: the file goes for sure.
		if (store && (*store)->set_aside().empty()) {
			store->reset();
			if (auto aside = Store::set_aside(where_.path); !aside) return aside;
			store = Store::open(where_);
		}
		if (!store) return std::unexpected(store.error());
		say(fmt::format("{}: damaged ({}); it is {}.damaged now, and a new history begins", where_.path,
		                why.why, where_.path));
		store_ = std::move(*store);
		return begin_span(false);
	}

	// So many at most wait in memory; what is beyond is lost.
	void give_up_some() {
		const size_t stay = rows().crowded() ? 0 : kMostWaiting;
		if (waiting_.size() <= stay) return;
		for (size_t i = stay; i < waiting_.size(); i++) {
			lost_ += waiting_[i].drops.packets;
			waiting_lost_ += waiting_[i].drops.packets;
			recorded_ -= waiting_[i].drops.packets;
		}
		waiting_.resize(stay);
		if (stay == 0) rows().forget();
	}

	// Once for each kind of trouble.
	void tell(const Error &error) {
		if (trouble_ == error.why) return;
		trouble_ = error.why;
		say(fmt::format("{}: {}; what cannot be written waits in memory", where_.path, error.why));
	}

	const RecordOptions &options_;
	Kept kept_;
	StoreOptions where_;
	std::unique_ptr<Store> store_;
	Loop &loop_;
	Moment now_;
	int64_t offset_ = 0; // wall time less boot time
	int64_t last_written_ = 0;
	int64_t recorded_ = 0, lost_ = 0;
	std::vector<Row> waiting_;
	int64_t waiting_lost_ = 0;
	std::string trouble_;            // what was told last
	std::optional<Moment> gap_from_; // the beginning of a time unseen that the store does not know of yet
	SightWatch sight_;
};

} // namespace

Result<void> record(const RecordOptions &options, const std::optional<std::string> &match) {
	Signals signals;
	auto netns = options.netns.empty() ? NetNamespace::present() : NetNamespace::open(options.netns);
	if (!netns) return std::unexpected(netns.error());
	const NetNamespace *one = options.netns.empty() ? nullptr : &*netns;
	auto words = read_words(match, netns->descriptor(), "nothing is recorded");
	if (!words) return std::unexpected(words.error());
	const jit::Selector &selector = words->selector;
	StoreOptions where{.path = options.database, .keep = options.keep, .max_size = options.max_size};
	auto store = Store::open(where);
	if (!store) return std::unexpected(store.error());
	if (!(*store)->set_aside().empty())
		say(fmt::format("{}: {}; it is {}.damaged now, and a new history begins", where.path,
		                (*store)->set_aside(), where.path));
	// nf_tables first, since the rulesets' readers need it; they read while the probe is made.
	if (auto loaded = jit::load_nf_tables(); !loaded) return std::unexpected(loaded.error());
	Loop loop;
	Rulesets rulesets(loop, *netns, one == nullptr, [](const Error &error) {
		say(error.message() + "; drops are kept without their rules' texts");
	});
	follow(rulesets, selector);
	if (auto started = rulesets.start(); !started) return std::unexpected(started.error());
	const jit::FlowsOptions wanted{.filter = {.match = words->match.families, .pcap = {}}};
	auto flows = jit::Flows::start(wanted);
	if (!flows) return std::unexpected(flows.error());
	if (auto read = rulesets.wait_until_read(); !read) return std::unexpected(read.error());
	const auto tell = [](const std::string &text) { say(text); };
	if (auto can = check_followed(rulesets, selector, one != nullptr, tell); !can) return can;
	return Recorder(options, std::move(where), std::move(*store), std::move(*flows), wanted, loop, rulesets,
	                {.netns = one ? one->inode() : 0,
	                 .selector = selector,
	                 .match = match.value_or(""),
	                 .without = words_without(words->match)})
	        .run(signals);
}

} // namespace nft_drops::cli
