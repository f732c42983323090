// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/commands/count.h"

#include "jit/count/counting.h"
#include "jit/count/pins.h"
#include "jit/start/session.h"
#include "nft-ext/commands/counted.h"
#include "nft-ext/counts/rules_now.h"
#include "nft-ext/text/report.h"

#include <fmt/format.h>

#include <cstdio>

namespace nft_drops::cli {
namespace {

using jit::PinState;

constexpr const char *kHowToStart = "nft-drops count start starts it";

// `anew`: from zero, whatever is there.
Result<void> start(const CountOptions &options, bool anew) {
	if (auto netns = present_netns_cookie(); !netns) return std::unexpected(netns.error());
	auto lock = jit::PinLock::take(jit::PinLock::Kind::kExclusive);
	if (!lock) return std::unexpected(lock.error());
	if (auto loaded = jit::load_nf_tables(); !loaded) return std::unexpected(loaded.error());
	auto pins = jit::read_pins();
	if (!pins) return std::unexpected(pins.error());
	const bool usable = pins->state == PinState::kUsable;
	if (anew && pins->state == PinState::kNone) return fail("count reset", "counting is off", kHowToStart);
	const uint32_t present = usable ? pins->figures.meta.max_rules : ND_COUNT_MAX_RULES;
	const uint32_t wanted = options.max_rules.value_or(present);
	if (!anew && usable && wanted != present)
		return fail(fmt::format("--max-rules {}", wanted),
		            fmt::format("counting already, with room for {}", present),
		            "nft-drops count reset takes it, too, and starts at zero");

	// What counts now goes on until what follows it works.
	auto counting = jit::Counting::start({.max_rules = wanted});
	if (!counting) return std::unexpected(counting.error());
	if (!anew && usable && pins->figures.meta.plan == (*counting)->meta().plan) {
		say(fmt::format("counting already, since {}", second_of(since(pins->figures))));
		return {};
	}
	if (pins->state != PinState::kNone) {
		if (auto removed = jit::remove_pins(); !removed) return removed;
		if (!anew)
			say(fmt::format("what was pinned is replaced: {}",
			                usable ? "it is for other code" : pins->why));
	}
	if (auto made = jit::make_pin_folder(); !made) return made;
	if (auto pinned = (*counting)->pin(jit::kPinFolder); !pinned) return pinned;
	say(counting_where(**counting));
	return {};
}

Result<void> stop() {
	auto lock = jit::PinLock::take(jit::PinLock::Kind::kExclusive);
	if (!lock) return std::unexpected(lock.error());
	auto pins = jit::read_pins();
	if (!pins) return std::unexpected(pins.error());
	if (auto removed = jit::remove_pins(); !removed) return removed;
	say(pins->state == PinState::kNone ? "counting was off" : "counting is off");
	return {};
}

std::string removed_rules(const jit::Figures &figures, uint64_t netns, const RulesNow &now, size_t &removed) {
	std::string text;
	for (const auto &[culprit, drops] : counts_of(figures, netns).by_culprit) {
		if (now.has(culprit)) continue;
		removed++;
		text += fmt::format("removed: {} {} {} packets {} bytes {} last seen {}\n", now.name_of(culprit.table),
		                    culprit.policy ? "policy of chain handle" : "rule handle", culprit.handle,
		                    drops.packets, drops.bytes, second_of(drops.last_seen));
	}
	return text;
}

Result<void> status() {
	auto netns = present_netns_cookie();
	if (!netns) return std::unexpected(netns.error());
	auto lock = jit::PinLock::take(jit::PinLock::Kind::kShared);
	if (!lock) return std::unexpected(lock.error());
	auto pins = jit::read_pins();
	if (!pins) return std::unexpected(pins.error());
	if (pins->state == PinState::kNone) return fail("drop counts", "counting is off", kHowToStart);
	if (pins->state == PinState::kUnlike)
		return fail(jit::kPinFolder, pins->why, "nft-drops count start counts anew");
	const jit::Figures &figures = pins->figures;
	auto now = RulesNow::read();
	if (!now) return std::unexpected(now.error());

	nd_count all{};
	size_t elsewhere = 0;
	for (const auto &[key, n] : figures.counts) {
		all.packets += n.packets;
		all.bytes += n.bytes;
		elsewhere += key.netns != *netns;
	}
	size_t removed = 0;
	const std::string gone = removed_rules(figures, *netns, *now, removed);
	constexpr double kMiB = 1024 * 1024;
	fmt::print("since: {}, in all network namespaces\n"
	           "plan: {}: {}\n"
	           "rules and policies that dropped: {} of at most {}, of them {} removed, {} in other namespaces\n"
	           "dropped: packets {} bytes {}\n"
	           "unlisted, for want of room: packets {} bytes {}\n"
	           "lost: {}{}\n"
	           "memory: {:.1f} MiB\n"
	           "{}",
	           second_of(since(figures)), where_it_looks(figures.meta.sites, figures.meta.release),
	           figures.meta.places, figures.counts.size(), figures.meta.max_rules, removed, elsewhere,
	           all.packets + figures.unlisted.packets, all.bytes + figures.unlisted.bytes, figures.unlisted.packets,
	           figures.unlisted.bytes, figures.missed.hits,
	           figures.missed.complete ? "" : " (this kernel cannot tell how often a probe was missed)",
	           static_cast<double>(figures.memory) / kMiB, gone);
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
