// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/commands/count.h"

#include "jit/count/pins.h"
#include "jit/count/rule_counter.h"
#include "jit/start/session.h"
#include "nft-ext/commands/counted.h"
#include "nft-ext/commands/counting_where.h"
#include "nft-ext/counts/rules_now.h"
#include "nft-ext/text/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <span>

namespace nft_drops::cli {
namespace {

using jit::PinState;

constexpr const char *kHowToStart = "nft-drops count start starts it";

// What every subcommand holds while it works.
struct Held {
	jit::PinPlace place;
	jit::PinLock lock;
};
Result<Held> hold(jit::PinLock::Kind kind) {
	auto place = jit::PinPlace::find();
	if (!place) return std::unexpected(place.error());
	auto lock = jit::PinLock::take(*place, kind);
	if (!lock) return std::unexpected(lock.error());
	return Held{std::move(*place), std::move(*lock)};
}

// `anew`: from zero, whatever is there.
Result<void> start(const CountOptions &options, bool anew) {
	if (auto netns = present_netns_cookie(); !netns) return std::unexpected(netns.error());
	auto held = hold(jit::PinLock::Kind::kExclusive);
	if (!held) return std::unexpected(held.error());
	if (auto loaded = jit::load_nf_tables(); !loaded) return std::unexpected(loaded.error());
	auto pins = jit::read_pins(held->place);
	if (!pins) return std::unexpected(pins.error());
	const bool usable = pins->state == PinState::kUsable;
	if (anew && pins->state == PinState::kNone) return usage_error("count reset", "counting is off", kHowToStart);
	const uint32_t present = usable ? pins->counts.meta.max_rules : ND_COUNT_MAX_RULES;
	const uint32_t wanted = options.max_rules.value_or(present);
	if (!anew && usable && wanted != present)
		return usage_error(fmt::format("--max-rules {}", wanted),
		                   fmt::format("counting already, with room for {}", present),
		                   "nft-drops count reset takes it, too, and starts at zero");

	// What counts now goes on until what follows it works.
	auto counter = jit::RuleCounter::start({.max_rules = wanted});
	if (!counter) return std::unexpected(counter.error());
	if (!anew && usable && pins->counts.meta.plan == (*counter)->meta().plan) {
		say(fmt::format("counting already, since {}", second_of(since(pins->counts))));
		return {};
	}
	if (pins->state != PinState::kNone) {
		if (auto removed = jit::remove_pins(held->place.folder()); !removed) return removed;
		if (!anew)
			say(fmt::format("what was pinned is replaced: {}",
			                usable ? "it is for other code" : pins->why));
	}
	if (auto made = jit::make_pin_folder(held->place); !made) return made;
	if (auto pinned = (*counter)->pin(held->place.folder()); !pinned) return pinned;
	say(counting_where(**counter));
	return {};
}

Result<void> stop() {
	auto held = hold(jit::PinLock::Kind::kExclusive);
	if (!held) return std::unexpected(held.error());
	auto pins = jit::read_pins(held->place);
	if (!pins) return std::unexpected(pins.error());
	if (auto removed = jit::remove_pins(held->place.folder()); !removed) return removed;
	say(pins->state == PinState::kNone ? "counting was off" : "counting is off");
	return {};
}

nd_count sum_of(std::span<const jit::RuleCount> rules) {
	nd_count sum{};
	for (const jit::RuleCount &rule : rules) {
		sum.packets += rule.count.packets;
		sum.bytes += rule.count.bytes;
	}
	return sum;
}

std::string packets_and_bytes(uint64_t packets, uint64_t bytes) {
	return fmt::format("packets {} bytes {}", packets, bytes);
}

Result<void> status() {
	auto netns = present_netns_cookie();
	if (!netns) return std::unexpected(netns.error());
	auto held = hold(jit::PinLock::Kind::kShared);
	if (!held) return std::unexpected(held.error());
	auto pins = jit::read_pins(held->place);
	if (!pins) return std::unexpected(pins.error());
	if (pins->state == PinState::kNone) return usage_error("drop counts", "counting is off", kHowToStart);
	if (pins->state == PinState::kUnlike) return usage_error(jit::kPinFolder, pins->why, pins->next);
	const jit::RuleCounts &counts = pins->counts;
	auto now = RulesNow::read();
	if (!now) return std::unexpected(now.error());

	const std::vector<jit::RuleCount> deleted = deleted_rules(counts, *netns, *now);
	const auto elsewhere = static_cast<size_t>(std::ranges::count_if(
	        counts.rules, [&](const jit::RuleCount &rule) { return rule.key.netns != *netns; }));
	const nd_count listed = sum_of(counts.rules);
	const nd_count gone = sum_of(deleted);
	// What rules that have no number any more had dropped is in the sum of all alone.
	const uint64_t packets = counts.all.packets - counts.unlisted.packets - listed.packets + gone.packets;
	const uint64_t bytes = counts.all.bytes - counts.unlisted.bytes - listed.bytes + gone.bytes;
	constexpr double kMiB = 1024 * 1024;
	fmt::print("since: {}, in all network namespaces\n"
	           "plan: {}: {}\n"
	           "{} rules and policies have dropped packets (room for {}; {} of the {} are deleted, {} in other "
	           "namespaces)\n"
	           "dropped: {}\n"
	           "dropped by deleted rules and policies: {}\n"
	           "unlisted, for want of room: {}\n"
	           "lost: {}{}\n"
	           "seen: {}\n"
	           "memory: {:.1f} MiB\n",
	           second_of(since(counts)), where_it_looks(counts.meta.sites, counts.meta.release), counts.meta.places,
	           counts.rules.size(), counts.meta.max_rules, deleted.size(), counts.rules.size(), elsewhere,
	           packets_and_bytes(counts.all.packets, counts.all.bytes), packets_and_bytes(packets, bytes),
	           packets_and_bytes(counts.unlisted.packets, counts.unlisted.bytes),
	           counts.missed.complete ? "" : "at least ", counts.missed.hits,
	           "nf_tables is the one that was there at the start, and kprobes are on; whether they were off in "
	           "between is not known",
	           static_cast<double>(counts.memory) / kMiB);
	jit::retire_deleted(held->place, deleted);
	return {};
}

} // namespace

Result<void> count(std::string_view what, const CountOptions &options) {
	if (what == "start") return start(options, false);
	if (what == "reset") return start(options, true);
	if (what == "stop") return stop();
	return status();
}

} // namespace nft_drops::cli
