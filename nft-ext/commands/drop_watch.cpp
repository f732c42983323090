// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/commands/drop_watch.h"

#include "nft-ext/cli/output_flags.h"
#include "nft-ext/commands/colours.h"
#include "nft-ext/commands/match_words.h"
#include "nft-ext/drop/namespaces.h"
#include "nft-ext/match/pcap.h"
#include "nft-ext/match/selector.h"
#include "nft-ext/packet/word_style.h"
#include "nft-ext/sinks/output.h"
#include "nft-ext/sinks/text_sink.h"
#include "nft-ext/sinks/usdt.h"
#include "nft-ext/text/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <poll.h>

namespace nft_drops::cli {
namespace {

using namespace std::chrono_literals;

// Of the time that a signal leaves, so long is kept for printing drops whose rule's text did not come.
constexpr auto kForPrinting = 200ms;
// After a wake-up events are left to gather for this long: many are then handled at the cost of one. Longer where the
// last time many had come.
constexpr auto kGather = 2ms;
constexpr auto kGatherMany = 8ms;
constexpr size_t kMany = 100;
// Then signals, Sinks and rulesets have their turn.
constexpr size_t kAtOnce = 4096;
// How long events stay in the ring while there is no room for drops that wait for their rule's text.
constexpr auto kNoRoom = 20ms;

} // namespace

DropWatch::DropWatch(const WatchRequest &request, Loop &loop, jit::Session session, jit::SessionOptions wanted,
                     Rulesets &rulesets, Devices devices, std::string without,
                     std::optional<pcapng::CaptureFile> capture)
    : request_(request), loop_(loop), wanted_(std::move(wanted)), without_(std::move(without)),
      session_(std::move(session)), names_(session_.kernel.layout.expression, std::move(devices)),
      display_(loop, rulesets, names_,
               {.name_netns = request.options.all_netns,
                .show_path = request.options.path,
                .count = request.options.count,
                .wants = [this](const Drop &drop) { return stands_in_chain(drop); }}),
      sight_(
              loop, rulesets, *this, [this](const std::string &text) { tell(text); },
              [this](SightWatch::Wall::time_point from, SightWatch::Wall::time_point to, const std::string &why) {
	              display_.not_watched(from, to, why);
              }) {
	const MonitorOptions &options = request.options;
	display_.add(std::make_unique<UsdtSink>());
	if (options.prints())
		display_.add(std::make_unique<TextSink>(
		        TextSink::Options{.format = options.format,
		                          .limit = options.limit,
		                          .fd = request.text_fd,
		                          .coloured = wants_colours(options.colour, request.text_fd),
		                          .words = style_for(options.nft)}));
	if (capture) add_capture(std::move(*capture));
}

DropWatch::~DropWatch() = default;

Result<void> DropWatch::start() {
	if (auto sight = sight_.start(); !sight) return sight;
	loop_.watch(session_.probe->fd(), POLLIN, [this](short) { gather(); });
	return {};
}

void DropWatch::let_go() {
	take_rest();
	display_.give_up_held();
}

Result<void> DropWatch::attach_anew() {
	auto session = jit::Session::start(wanted_);
	if (!session) return std::unexpected(session.error());
	session_ = std::move(*session);
	names_.start_anew(session_.kernel.layout.expression);
	loop_.watch(session_.probe->fd(), POLLIN, [this](short) { gather(); });
	return {};
}

// Links gone; what the ring still holds is taken.
void DropWatch::take_rest() {
	if (!session_.probe) return;
	session_.probe->detach();
	loop_.forget(session_.probe->fd());
	// The ring holds a bounded number of events, and reading them waits for nobody.
	rest_ = true;
	while (!display_.full() && !display_.closed() && !drain(kAtOnce)) {
	}
	rest_ = false;
	counts_ += session_.probe->counts();
	session_.probe.reset();
}

Result<void> DropWatch::outcome() const {
	if (auto lost = sight_.outcome(request_.command); !lost) return lost;
	if (auto failed = display_.failed()) return std::unexpected(*failed);
	return {};
}

// Where the kernel did not know in which chain the rule stands. From then on the kernel knows.
std::optional<bool> DropWatch::stands_in_chain(const Drop &drop) {
	const Attribution &attribution = *drop.attribution;
	if (attribution.chain.empty()) return {};
	const bool in_chain = attribution.chain == wanted_.selector.chain;
	if (session_.probe) session_.probe->tell_chain(drop.event, in_chain);
	return in_chain;
}

void DropWatch::add_capture(pcapng::CaptureFile file) {
	pcapng::PcapngSink::Options wanted;
	wanted.snaplen = request_.options.capture.bytes();
	if (request_.options.capture.raw.value_or(false)) wanted.types = pcapng::LinkTypes::kRaw;
	wanted.application = "nft-drops " ND_VERSION;
	wanted.system = "Linux " + session_.kernel.release;
	wanted.tell = [this](const std::string &text) { tell(text); };
	display_.add(std::make_unique<pcapng::PcapngSink>(std::move(file), std::move(wanted)));
}

void DropWatch::gather() {
	loop_.want(session_.probe->fd(), 0);
	read_ring_after(gathered_ < kMany ? kGather : kGatherMany);
}

void DropWatch::read_ring_after(std::chrono::milliseconds delay) {
	loop_.after(delay, [this] {
		if (!session_.probe) return;
		if (drain(kAtOnce))
			loop_.want(session_.probe->fd(), POLLIN);
		else
			read_ring_after(no_room_ ? kNoRoom : 0ms);
	});
}

// False where there may be more.
bool DropWatch::drain(size_t most) {
	gathered_ = 0;
	no_room_ = false;
	display_.begin();
	const bool all = session_.probe->drain([&](const nd_event &event, const nd_path *path) {
		no_room_ = (!request_.concerns || request_.concerns(event)) && !display_.take(event, path);
		return ++gathered_ < most && (!no_room_ || rest_);
	});
	display_.flush();
	return all;
}

// Runs the loop until is_true() is true, and no longer than until `early` before the time that a signal has set.
template <typename True> Result<void> DropWatch::until(True is_true, Clock::duration early) {
	const auto latest = [&] { return latest_ == Clock::time_point::max() ? latest_ : latest_ - early; };
	while (!is_true() && !display_.closed() && Clock::now() < latest()) {
		if (auto ok = loop_.once(latest()); !ok) return ok;
	}
	return {};
}

Result<void> DropWatch::end() {
	sight_.end();
	take_rest();
	display_.lost(counts_.lost());
	if (auto ok = until([this] { return display_.held() == 0; }, kForPrinting); !ok) return ok;
	display_.give_up_held();
	display_.finish();
	if (auto ok = until([this] { return !display_.pending(); }); !ok) return ok;
	const uint64_t unread = display_.give_up();
	if (unread > 0 && !display_.closed())
		tell(fmt::format("{} drops were not printed: their reader did not take them in time", unread));
	return {};
}

// As say(), but standard error may be the same pipe that nobody reads.
void DropWatch::tell(const std::string &text) {
	if (latest_ == Clock::time_point::max()) {
		say(text);
		return;
	}
	Output error(STDERR_FILENO);
	error.backlog() = "nft-drops: " + text + "\n";
	const auto latest = std::max(latest_, Clock::now() + 100ms);
	while (!error.empty() && !error.closed() && Clock::now() < latest) {
		error.flush();
		pollfd room{error.descriptor(), POLLOUT, 0};
		if (!error.empty()) poll(&room, 1, 10);
	}
}

namespace {

// Nothing where no capture is asked for.
Result<std::optional<pcapng::CaptureFile>> open_capture(const CaptureOptions &options) {
	if (options.file.empty()) return std::nullopt;
	auto file = pcapng::CaptureFile::open(options.file);
	if (!file) return std::unexpected(file.error());
	return std::optional(std::move(*file));
}

// Large packets take more room each, and come as fast.
size_t ring_bytes(uint32_t snaplen) {
	const size_t usual = jit::StartOptions().ring_bytes;
	return snaplen == 0 ? usual : snaplen <= 1024 ? 2 * usual : 4 * usual;
}

} // namespace

Result<void> with_drop_watch(const WatchRequest &request, Loop &loop,
                             const std::function<Result<void>(DropWatch &)> &use) {
	const MonitorOptions &options = request.options;
	auto netns = options.netns.empty() || options.all_netns ? NetNamespace::present()
	                                                        : NetNamespace::open(options.netns);
	if (!netns) return std::unexpected(netns.error());
	auto capture = open_capture(options.capture);
	if (!capture) return std::unexpected(capture.error());
	const bool one = !options.all_netns;
	std::vector<jit::PcapInstruction> pcap;
	if (options.pcap) {
		auto compiled = compile_pcap(*options.pcap);
		if (!compiled) return std::unexpected(compiled.error());
		pcap = std::move(*compiled);
	}
	auto words = read_words(options.match, netns->descriptor(), request.undone);
	if (!words) return std::unexpected(words.error());
	const jit::Selector &selector = words->selector;
	const Match &match = words->match;
	uint64_t group = 0;
	if (request.group) {
		auto made = request.group();
		if (!made) return std::unexpected(made.error());
		group = *made;
	}
	// nf_tables first, since the ruleset's reader needs it; that one reads while the probe is made.
	if (auto loaded = jit::load_nf_tables(); !loaded) return std::unexpected(loaded.error());
	if (options.details) load_detail_modules();
	Rulesets rulesets(loop, *netns, options.all_netns, [](const Error &error) {
		say(error.message() + "; until that works again, drops are shown with their rule's handle only");
	});
	// The process that reads rulesets may not ask name servers: addresses in rules stay numbers.
	rulesets.print_as(output_flags(options.nft) & ~output_flag('N'));
	follow(rulesets, selector);
	if (auto started = rulesets.start(); !started) return std::unexpected(started.error());
	const jit::SessionOptions wanted{.netns = one ? netns->inode() : 0,
	                                 .netns_held = one,
	                                 .group = group,
	                                 .selector = selector,
	                                 .start = {.ring_bytes = ring_bytes(options.capture.bytes()),
	                                           .path = options.path,
	                                           .filter = {match.families, pcap},
	                                           .audit = options.audit,
	                                           .details = options.details,
	                                           .of_group = request.group != nullptr,
	                                           .snaplen = options.capture.bytes()}};
	auto session = jit::Session::start(wanted);
	if (!session) return std::unexpected(session.error());
	if (auto read = rulesets.wait_until_read(); !read) return std::unexpected(read.error());
	if (auto can = check_followed(rulesets, selector, one, say); !can) return can;
	if (*capture) {
		if (auto begun = (*capture)->begin(); !begun) return std::unexpected(begun.error());
	}
	DropWatch watch(request, loop, std::move(*session), wanted, rulesets, Devices(*netns), words_without(match),
	                std::move(*capture));
	return use(watch);
}

} // namespace nft_drops::cli
