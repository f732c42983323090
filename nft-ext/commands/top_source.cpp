// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/commands/top_source.h"

#include "nft-ext/commands/match_words.h"
#include "nft-ext/match/selector.h"
#include "nft-ext/text/figures.h"

#include <algorithm>
#include <utility>

namespace nft_drops::cli {
namespace {

using Clock = Loop::Clock;

} // namespace

int64_t wall_now() {
	const auto now = std::chrono::system_clock::now().time_since_epoch();
	return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

jit::FlowsOptions TopSource::room(uint32_t netns, jit::Filter filter) {
	return {.flows = 1 << 16, .rules = 1 << 14, .netns = netns, .filter = std::move(filter)};
}

TopSource::TopSource(Loop &loop, Rulesets &rulesets, std::unique_ptr<jit::Flows> flows, const jit::FlowsOptions &wanted,
                     Options options)
    : WatchedFlows(loop, rulesets, std::move(flows), wanted, wanted.netns, ""), options_(std::move(options)),
      interval_(Clock::now()), sight_(loop, rulesets, *this, options_.tell) {
}

Result<void> TopSource::watch_sight() {
	return sight_.start();
}

void TopSource::use(const Row &row) {
	const auto packets = static_cast<uint64_t>(row.drops.packets);
	taken_ += packets;
	const auto wanted = is_selected(options_.selector, *row.culprit);
	if (!wanted) totals_.undecided += packets;
	if (!wanted.value_or(false)) return;
	(row.culprit->cause == ND_CAUSE_RULE     ? totals_.by_rule
	 : row.culprit->cause == ND_CAUSE_POLICY ? totals_.by_policy
	                                         : totals_.other) += packets;
	model_.add(row);
}

// Culprits are not kept from one call to the next: see FlowRows::forget().
void TopSource::taken(const FlowRows::Sums &sums, uint64_t lost) {
	rows().forget();
	lost_ += lost;
	seen_ += static_cast<uint64_t>(sums.seen);
	totals_.undecided += static_cast<uint64_t>(sums.undecided);
}

void TopSource::take() {
	const auto now = Clock::now();
	take_sums();
	model_.end_interval(std::chrono::duration<double>(now - interval_).count());
	interval_ = now;
}

Result<void> TopSource::filter(jit::Filter filter, std::string match) {
	if (!flows()) return usage_error("the filter", "drops are not seen now", "try again when they are");
	jit::FlowsOptions other = room(wanted().netns, std::move(filter));
	auto another = flows()->start_another(other);
	if (!another) return std::unexpected(another.error());
	replace(std::move(*another), std::move(other));
	options_.match = std::move(match);
	zero();
	return {};
}

void TopSource::zero() {
	model_.zero();
	totals_ = {};
	taken_ = seen_ = lost_ = 0;
	sight_.forget_unseen();
	interval_ = Clock::now();
}

Result<void> TopSource::end() {
	sight_.end();
	take_rest();
	ended_ = true;
	return sight_.outcome("top");
}

std::optional<uint64_t> TopSource::seen() const {
	if (!options_.match.empty()) return seen_;
	return selects() ? std::optional(taken_) : std::nullopt;
}

TopSight TopSource::sight() const {
	TopSight sight;
	if (selects()) sight.of = words_of(options_.selector);
	sight.match = options_.match;
	sight.seen = seen();
	sight.undecided = totals_.undecided;
	sight.lost = lost_;
	if (sight_.unseen().count() > 0) sight.unseen = seconds(sight_.unseen());
	if (sight_.blind() && !ended_) {
		sight.blind = jit::describe(*sight_.blind());
		sight.blind_since = wall_now() - std::chrono::nanoseconds(Clock::now() - sight_.seen_at()).count();
	}
	return sight;
}

std::string TopSource::summary() const {
	std::string text = totals_.summary(lost_, seen(), sight_.unseen());
	if (totals_.undecided != 0) text += ", " + grouped(totals_.undecided) + " undecided";
	return text;
}

} // namespace nft_drops::cli
