// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/commands/scraper.h"

#include "jit/count/pins.h"
#include "nft-ext/commands/counted.h"
#include "nft-ext/metrics/label.h"
#include "nft-ext/metrics/text_format.h"
#include "nft-ext/text/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace nft_drops::cli {
namespace {

DropReason reason_of(const nd_count_key &key) {
	switch (key.culprit & 0xff) {
	case ND_CAUSE_POLICY:
		return DropReason::kPolicy;
	case ND_CAUSE_RULE:
		return DropReason::kRule;
	default:
		return DropReason::kJumpLimit;
	}
}

template <size_t n> std::string label_of(const char (&text)[n]) {
	return text_label(std::string_view(text, std::find(text, text + n, '\0')));
}

Result<jit::Pins> read_counts() {
	auto place = jit::PinPlace::find();
	if (!place) return std::unexpected(place.error());
	auto lock = jit::PinLock::take(*place, jit::PinLock::Kind::kShared);
	if (!lock) return std::unexpected(lock.error());
	return jit::read_pins(*place);
}

using ByCookie = std::unordered_map<uint64_t, std::vector<CountedDrops>>;

ByCookie by_cookie(const jit::RuleCounts &counts) {
	ByCookie found;
	for (const jit::RuleCount &rule : counts.rules)
		found[rule.key.netns].push_back(
		        {culprit_of(rule.key), reason_of(rule.key), rule.count.packets, rule.count.bytes});
	return found;
}

} // namespace

Result<Scraper> Scraper::create() {
	auto home = NetNamespace::present();
	if (!home) return std::unexpected(home.error());
	// Kernels that have none cannot count by rule.
	if (auto cookie = present_netns_cookie(); !cookie) return std::unexpected(cookie.error());
	return Scraper(std::move(*home));
}

Result<std::string> Scraper::scrape() {
	auto pins = read_counts();
	if (!pins) return std::unexpected(pins.error());
	if (pins->state != jit::PinState::kUsable) {
		tell(pins->state == jit::PinState::kNone ? "" : pins->why + "; " + pins->next);
		return text_format({});
	}
	tell("");
	const jit::RuleCounts &counts = pins->counts;
	ByCookie counted = by_cookie(counts);
	// After the counts: what is not in these rulesets is deleted, and never comes back under its handle.
	const auto namespaces = look_at_namespaces(home_);
	if (!namespaces) return std::unexpected(namespaces.error());
	std::vector<NamespaceNow> now;
	for (const CountedNamespace &one : *namespaces)
		now.push_back({.cookie = one.cookie,
		               .generation = one.generation,
		               .descriptor = one.file.descriptor(),
		               .home = one.home,
		               .dropped = counted.contains(one.cookie)});
	if (auto updated = listings_.update(now); !updated) return std::unexpected(updated.error());
	make_room(counts, *namespaces);

	Snapshot snapshot{.counting = true,
	                  .namespaces = {},
	                  .lost = counts.missed.hits,
	                  .lost_complete = counts.missed.complete,
	                  .unlisted = counts.unlisted.packets,
	                  .version = ND_VERSION,
	                  .kernel = label_of(counts.meta.release)};
	std::vector<NamespaceDrops> drops;
	for (const CountedNamespace &one : *namespaces)
		drops.push_back({.netns = one.label,
		                 .home = one.home,
		                 .listed = listings_.of(one.cookie),
		                 .counted = std::move(counted[one.cookie])});
	add_series(snapshot, drops);
	tell_unread(snapshot.unread);
	return text_format(snapshot);
}

// As a listing does: where half of the room is taken, the counts of deleted rules are put together.
void Scraper::make_room(const jit::RuleCounts &counts, const std::vector<CountedNamespace> &namespaces) {
	if (counts.rules.size() < counts.meta.max_rules / 2) return;
	std::vector<jit::RuleCount> deleted;
	for (const CountedNamespace &one : namespaces) {
		const ListedRules *listed = listings_.of(one.cookie);
		if (!listed) continue;
		std::unordered_set<Culprit, CulpritHash> there;
		for (const ListedRule &rule : listed->rules())
			there.insert(rule.culprit);
		for (jit::RuleCount &rule : deleted_rules(
		             counts, one.cookie, [&there](const Culprit &culprit) { return there.contains(culprit); }))
			deleted.push_back(rule);
	}
	auto place = jit::PinPlace::find();
	if (!place || deleted.empty()) return;
	if (auto lock = jit::PinLock::take(*place, jit::PinLock::Kind::kShared)) jit::retire_deleted(*place, deleted);
}

// Why counting is off although it was started; once for each cause.
void Scraper::tell(const std::string &why) {
	if (why != told_ && !why.empty()) say(fmt::format("nftables_drop_counting is 0: {}", why));
	told_ = why;
}

// Only the first of several scrapes: whoever owns a namespace may change this as often as they like.
void Scraper::tell_unread(size_t unread) {
	if (unread > 0 && unread_ == 0)
		say(fmt::format(
		        "network namespaces: the rulesets of {} with drops take too long to read or are too large; "
		        "their drops have no series",
		        unread));
	unread_ = unread;
}

} // namespace nft_drops::cli
