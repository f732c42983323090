// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/commands/list.h"

#include "jit/count/pins.h"
#include "jit/count/rule_counter.h"
#include "jit/start/session.h"
#include "nft-ext/cli/output_flags.h"
#include "nft-ext/commands/counted.h"
#include "nft-ext/commands/counting_where.h"
#include "nft-ext/counts/list.h"
#include "nft-ext/loop/signals.h"
#include "nft-ext/sinks/output.h"
#include "nft-ext/text/report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <poll.h>

namespace nft_drops::cli {
namespace {

// Half of the room is taken: time to make some. It takes reading the ruleset once more.
void make_room(const jit::PinPlace &place, const jit::RuleCounts &counts, uint64_t netns) {
	if (counts.rules.size() < counts.meta.max_rules / 2) return;
	if (auto now = RulesNow::read()) jit::retire_deleted(place, deleted_rules(counts, netns, *now));
}

Result<jit::RuleCounts> counted_all_along(uint64_t netns) {
	auto place = jit::PinPlace::find();
	if (!place) return std::unexpected(place.error());
	auto lock = jit::PinLock::take(*place, jit::PinLock::Kind::kShared);
	if (!lock) return std::unexpected(lock.error());
	auto pins = jit::read_pins(*place);
	if (!pins) return std::unexpected(pins.error());
	if (pins->state == jit::PinState::kNone)
		return usage_error("drop counts", "counting is off",
		                   "nft-drops count start starts it; or list with --for 10s");
	if (pins->state == jit::PinState::kUnlike) return usage_error(jit::kPinFolder, pins->why, pins->next);
	make_room(*place, pins->counts, netns);
	return std::move(pins->counts);
}

Result<jit::RuleCounts> counted_for(std::chrono::milliseconds duration, Signals &signals) {
	if (auto loaded = jit::load_nf_tables(); !loaded) return std::unexpected(loaded.error());
	auto counter = jit::RuleCounter::start({});
	if (!counter) return std::unexpected(counter.error());
	say(counting_where(**counter));
	signals.report();
	using Clock = std::chrono::steady_clock;
	const auto end = Clock::now() + duration;
	pollfd ended{signals.fd(), POLLIN, 0};
	for (auto left = duration; left.count() > 0;
	     left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now())) {
		const int n = poll(&ended, 1, static_cast<int>(std::min<int64_t>(left.count(), INT32_MAX)));
		if (n < 0 && errno != EINTR) return usage_error("--for", strerror(errno));
		if (n > 0) break; // the user has seen enough: what there is is listed
	}
	signals.end_at_once();
	return (*counter)->read();
}

} // namespace

Result<void> list(const ListOptions &options, const std::vector<std::string_view> &words) {
	Signals signals;
	auto netns = present_netns_cookie();
	if (!netns) return std::unexpected(netns.error());
	ListRequest request{.command = fmt::format("{}", fmt::join(words, " ")),
	                    .flags = output_flags(options.nft),
	                    .zero = options.zero,
	                    .sorted = options.sorted};
	if (options.duration) {
		// What nft cannot list is better known before than after the time.
		auto possible = list_with_drops(
		        request, {}, [](std::string &text) { text.clear(); }, [](const std::string &) {});
		if (!possible) return possible;
	}
	auto counts = options.duration ? counted_for(*options.duration, signals) : counted_all_along(*netns);
	if (!counts) return std::unexpected(counts.error());
	bool open = true;
	return list_with_drops(
	        request, counts_of(*counts, *netns),
	        [&open](std::string &text) {
		        open = open && write_out(text);
		        text.clear();
	        },
	        [](const std::string &text) { fputs(text.c_str(), stderr); });
}

} // namespace nft_drops::cli
