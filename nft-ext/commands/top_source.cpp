// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/commands/top_source.h"

#include "jit/base/table_family.h"
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

std::optional<bool> is_selected(const jit::Selector &selector, const Culprit &culprit) {
	if (selector.kind == ND_SELECT_ALL) return true;
	if (culprit.family != family_name(selector.family)) return false;
	if (culprit.table != selector.table) {
		// A name that the kernel's sums hold only the beginning of.
		const bool cut = culprit.table.size() == ND_NAME_BYTES - 1 && selector.table.starts_with(culprit.table);
		return cut ? std::nullopt : std::optional(false);
	}
	const bool policy = culprit.cause == ND_CAUSE_POLICY;
	switch (selector.kind) {
	case ND_SELECT_CHAIN:
		if (!policy && !culprit.chain_known) return std::nullopt;
		return culprit.chain == selector.chain;
	case ND_SELECT_RULE:
		return !policy && culprit.handle == selector.handle;
	default:
		return true;
	}
}

jit::FlowsOptions TopSource::room(uint32_t netns, jit::Filter filter) {
	return {.flows = 1 << 16, .rules = 1 << 14, .netns = netns, .filter = std::move(filter)};
}

TopSource::TopSource(Loop &loop, Rulesets &rulesets, std::unique_ptr<jit::Flows> flows, Options options)
    : rulesets_(rulesets), flows_(std::move(flows)), options_(std::move(options)), names_(flows_->expression()),
      rows_(loop, rulesets, names_, options_.wanted.netns, ""), interval_(Clock::now()),
      sight_(loop, *this, options_.tell) {
}

Result<void> TopSource::watch_sight() {
	return sight_.start();
}

bool TopSource::let_go(jit::ProbeHealth::State why) {
	if (taking_) return false;
	if (why == jit::ProbeHealth::State::kReplaced) rulesets_.stop();
	take_rest();
	rulesets_.stop();
	return true;
}

Result<void> TopSource::attach_anew() {
	rulesets_.start_anew(); // it reads while the probe is made
	auto flows = jit::Flows::start(options_.wanted);
	if (!flows) {
		rulesets_.stop();
		return std::unexpected(flows.error());
	}
	flows_ = std::move(*flows);
	missed_ = 0;
	names_.start_anew(flows_->expression());
	return {};
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
void TopSource::take_sums() {
	if (!flows_) return;
	taking_ = true;
	const FlowRows::Sums sums = rows_.take(*flows_, [this](const Row &row) { use(row); });
	taking_ = false;
	rows_.forget();
	const uint64_t missed = flows_->missed().hits;
	lost_ += static_cast<uint64_t>(sums.lost) + missed - missed_;
	missed_ = missed;
	seen_ += static_cast<uint64_t>(sums.seen);
	totals_.undecided += static_cast<uint64_t>(sums.undecided);
}

// Links gone; what was summed up is taken.
void TopSource::take_rest() {
	if (!flows_) return;
	flows_->detach();
	// What was being summed up when the links went away may be in the other half.
	take_sums();
	take_sums();
	flows_.reset();
}

void TopSource::take() {
	const auto now = Clock::now();
	take_sums();
	model_.end_interval(std::chrono::duration<double>(now - interval_).count());
	interval_ = now;
}

Result<void> TopSource::filter(jit::Filter filter, std::string match) {
	if (!flows_) return usage_error("the filter", "drops are not seen now", "try again when they are");
	jit::FlowsOptions wanted = room(options_.wanted.netns, std::move(filter));
	auto another = flows_->start_another(wanted);
	if (!another) return std::unexpected(another.error());
	flows_ = std::move(*another);
	options_.wanted = std::move(wanted);
	options_.match = std::move(match);
	missed_ = 0;
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
