// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/commands/top_source.h"

#include "jit/base/table_family.h"
#include "nft-ext/match/selector.h"
#include "nft-ext/text/figures.h"

#include <poll.h>

#include <algorithm>
#include <utility>

namespace nft_drops::cli {
namespace {

using Clock = Loop::Clock;

int64_t wall_nanoseconds(std::chrono::system_clock::time_point time) {
	return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

} // namespace

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

TopSource::TopSource(Loop &loop, Attributor &attributor, std::unique_ptr<jit::Flows> flows, Options options)
    : loop_(loop), flows_(std::move(flows)), options_(std::move(options)), names_(flows_->expression()),
      rows_(loop, attributor, names_, options_.netns, ""), interval_(Clock::now()) {
}

TopSource::~TopSource() {
	loop_.cancel(timer_);
	if (health_ && health_->fd() >= 0) loop_.forget(health_->fd());
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

void TopSource::take() {
	const auto now = Clock::now();
	const FlowRows::Sums sums = rows_.take(*flows_, [this](const Row &row) { use(row); });
	rows_.forget();
	const uint64_t missed = flows_->missed().hits;
	lost_ += static_cast<uint64_t>(sums.lost) + missed - missed_;
	missed_ = missed;
	seen_ += static_cast<uint64_t>(sums.seen);
	totals_.undecided += static_cast<uint64_t>(sums.undecided);
	if (detached_) return;
	model_.end_interval(std::chrono::duration<double>(now - interval_).count());
	interval_ = now;
}

Result<void> TopSource::filter(jit::Filter filter, std::string match) {
	auto another = flows_->start_another(room(options_.netns, std::move(filter)));
	if (!another) return std::unexpected(another.error());
	flows_ = std::move(*another);
	options_.match = std::move(match);
	missed_ = 0;
	zero();
	return {};
}

void TopSource::zero() {
	model_.zero();
	totals_ = {};
	taken_ = seen_ = lost_ = 0;
	unseen_ = {};
	interval_ = Clock::now();
}

// The kernel tells nobody when it ends a kprobe's sight, so the probe's health is looked at twice a second.
Result<void> TopSource::watch_sight(std::function<void(const std::string &)> tell) {
	tell_ = std::move(tell);
	seen_at_ = Clock::now();
	auto health = jit::ProbeHealth::start(flows_->plan(), flows_->kernel());
	if (!health) return std::unexpected(health.error());
	health_.emplace(std::move(*health));
	if (health_->fd() >= 0) loop_.watch(health_->fd(), POLLIN, [this](short) { look(); });
	look_later();
	return {};
}

void TopSource::look_later() {
	timer_ = loop_.after(kLookEvery, [this] {
		look();
		look_later();
	});
}

void TopSource::look() {
	using State = jit::ProbeHealth::State;
	if (detached_ || sight_ended_) return;
	// What is switched off and on while the look is under way shows at the next one: until then the probe is known
	// to see up to the look's beginning.
	const auto begun = Clock::now();
	const State state = health_->look();
	if (state != State::kSees && !blind_) {
		blind_ = state;
		tell_("drops are not seen: " + jit::describe(state));
	}
	if (state == State::kSees || state == State::kWasSwitchedOff) {
		const bool was_blind = blind_.has_value();
		end_gap();
		seen_at_ = begun;
		if (was_blind) tell_("watching again: drops are seen");
	}
	// A probe for other code needs its own Plan and self-test.
	if (state == State::kNotLoaded || state == State::kReplaced) sight_ended_ = true;
}

// Adds the time since the probe was last known to see.
void TopSource::end_gap() {
	if (!blind_) return;
	unseen_ += std::chrono::ceil<std::chrono::milliseconds>(Clock::now() - seen_at_);
	if (!sight_ended_) blind_.reset();
}

Result<void> TopSource::end() {
	look();
	end_gap();
	flows_->detach();
	detached_ = true;
	// What was being summed up when the links went away may be in the other half.
	take();
	take();
	if (!sight_ended_) return {};
	return usage_error("top", jit::describe(*blind_) + ", and the probe sees nothing any more", "start it again");
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
	if (unseen_.count() > 0) sight.unseen = seconds(unseen_);
	if (blind_ && !detached_) {
		sight.blind = jit::describe(*blind_);
		sight.blind_since = wall_nanoseconds(std::chrono::system_clock::now()) -
		                    std::chrono::nanoseconds(Clock::now() - seen_at_).count();
	}
	return sight;
}

std::string TopSource::summary() const {
	std::string text = totals_.summary(lost_, seen(), unseen_);
	if (totals_.undecided != 0) text += ", " + grouped(totals_.undecided) + " undecided";
	return text;
}

} // namespace nft_drops::cli
