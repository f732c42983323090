// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/commands/top.h"

#include "jit/kernel/live/load_nf_tables.h"
#include "nft-ext/commands/colours.h"
#include "nft-ext/commands/match_words.h"
#include "nft-ext/commands/top_screen.h"
#include "nft-ext/commands/top_source.h"
#include "nft-ext/drop/namespaces.h"
#include "nft-ext/drop/rulesets.h"
#include "nft-ext/loop/signals.h"
#include "nft-ext/sinks/output.h"
#include "nft-ext/text/report.h"
#include "nft-ext/view/screen.h"
#include "nft-ext/view/top_batch.h"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <poll.h>

namespace nft_drops::cli {
namespace {

using namespace std::chrono_literals;
using Clock = Loop::Clock;

constexpr auto kFrame = 1s;
// After the end the reader has this long to take the last frame.
constexpr auto kForReader = 1s;

// `top --batch`.
class Batch {
public:
	Batch(const TopOptions &options, Loop &loop, Signals &signals, TopSource &source)
	    : options_(options), loop_(loop), signals_(signals), source_(source) {}

	Result<void> run() {
		bool done = false;
		loop_.watch(signals_.fd(), POLLIN, [&](short) { done = true; });
		loop_.watch(out_.descriptor(), 0, [this](short events) {
			if (events & (POLLERR | POLLHUP | POLLNVAL)) out_.hung_up();
			flush();
		});
		auto next = Clock::now() + kFrame;
		uint64_t frames = 0;
		while (!done && !out_.closed() && !source_.ended()) {
			if (auto waited = loop_.once(next); !waited) return waited;
			if (done || Clock::now() < next) continue;
			// The last frame has what came until the end.
			if (options_.frames && frames + 1 == *options_.frames) break;
			source_.take();
			next = Clock::now() + kFrame;
			// A slow reader gets fewer frames.
			if (out_.behind()) continue;
			print();
			frames++;
		}
		loop_.forget(signals_.fd());
		auto ended = source_.end();
		print();
		const auto latest = Clock::now() + kForReader;
		while (!out_.empty() && !out_.closed() && Clock::now() < latest) {
			if (auto waited = loop_.once(latest); !waited) return waited;
		}
		loop_.forget(out_.descriptor());
		if (out_.closed() && out_.error() != EPIPE)
			return usage_error("standard output", strerror(out_.error()));
		return ended;
	}

private:
	void print() {
		out_.backlog() += batch_frame(source_.model().frame(TopSort::kRate, 0), source_.sight(), wall_now());
		flush();
	}
	void flush() {
		out_.flush();
		if (out_.closed())
			loop_.forget(out_.descriptor()); // it would be told of for ever
		else
			loop_.want(out_.descriptor(), out_.empty() ? 0 : POLLOUT);
	}

	const TopOptions &options_;
	Loop &loop_;
	Signals &signals_;
	TopSource &source_;
	Output out_;
};

Result<void> run_screen(Colour colour, Loop &loop, Signals &signals, TopSource &source, const NetNamespace &netns,
                        bool all, std::function<void(const std::string &)> &tell) {
	TopScreen screen(loop, signals, source, netns, all);
	const auto before = tell;
	tell = [&screen](const std::string &text) { screen.tell(text); };
	auto went = screen.run(wants_colours(colour, STDOUT_FILENO));
	tell = before;
	auto ended = source.end();
	return went ? ended : went;
}

} // namespace

Result<void> top(const MonitorOptions &which, const TopOptions &options) {
	Signals signals;
	if (!options.batch) {
		if (auto terminal = Screen::check(); !terminal) return terminal;
	}
	auto netns = which.netns.empty() || which.all_netns ? NetNamespace::present() : NetNamespace::open(which.netns);
	if (!netns) return std::unexpected(netns.error());
	auto words = read_words(which.match, netns->descriptor(), "nothing is watched");
	if (!words) return std::unexpected(words.error());
	const jit::Selector &selector = words->selector;
	const bool one = !which.all_netns;
	std::function<void(const std::string &)> tell = [](const std::string &text) { say(text); };
	// nf_tables first, since the rulesets' readers need it; they read while the probe is made.
	if (auto loaded = jit::load_nf_tables(); !loaded) return std::unexpected(loaded.error());
	Loop loop;
	Rulesets rulesets(loop, *netns, which.all_netns, [&tell](const Error &error) {
		tell(error.message() + "; until that works again, rules are shown with their handle only");
	});
	follow(rulesets, selector);
	if (auto started = rulesets.start(); !started) return std::unexpected(started.error());
	const jit::FlowsOptions wanted =
	        TopSource::room(one ? netns->inode() : 0, {.match = words->match.families, .pcap = {}});
	auto flows = jit::Flows::start(wanted);
	if (!flows) return std::unexpected(flows.error());
	if (auto read = rulesets.wait_until_read(); !read) return std::unexpected(read.error());
	const auto tell_now = [&tell](const std::string &text) { tell(text); };
	if (auto can = check_followed(rulesets, selector, one, tell_now); !can) return can;
	TopSource source(loop, rulesets, std::move(*flows), wanted,
	                 {.selector = selector, .match = words->text, .tell = tell_now});
	// In front of the line that says so: from then on no drop may go unseen without being told.
	if (auto sight = source.watch_sight(); !sight) return sight;
	signals.report();
	Result<void> went;
	if (options.batch) {
		say("watching " +
		    where_it_looks(source.flows()->sites(), source.flows()->release(),
		                   source.flows()->missed().complete) +
		    words_without(words->match));
		went = Batch(options, loop, signals, source).run();
	} else {
		went = run_screen(which.colour, loop, signals, source, *netns, !one, tell);
	}
	say(source.summary());
	return went;
}

} // namespace nft_drops::cli
