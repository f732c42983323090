// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/text/lookup.h"

#include "jit/base/table_family.h"
#include "nft-ext/ruleset/index/snapshot.h"
#include "nft-ext/ruleset/netlink/change.h"
#include "nft-ext/ruleset/netlink/netlink_sockets.h"
#include "nft-ext/ruleset/text/selfcheck.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <ranges>
#include <string_view>
#include <utility>

namespace nft_drops {
namespace {

// A commit is told of after it is in force, by at most about this long (a commit of 100,000 rules).
constexpr uint64_t kNoticeNs = 100'000'000;
// How long to wait for the events of a generation that is in force already.
constexpr int kCatchUpMs = 1000;
// The kernel walks a chain to find a rule by handle (nft_rule_lookup): in longer ones texts are read when asked for.
constexpr size_t kLongChain = 2000;
constexpr size_t kWorkMax = 20000;
constexpr size_t kWorkBytesMax = 32 << 20;
// Read before the worker is ready: about 0.1 ms each.
constexpr size_t kReadAtStart = 64;
constexpr size_t kMissingMax = 256;
constexpr int kReadAttempts = 5;
// In a Target: not one rule but all of a chain.
constexpr uint64_t kAllRules = UINT64_MAX;

uint32_t namespace_inode() {
	struct stat info{};
	return stat("/proc/self/ns/net", &info) == 0 ? static_cast<uint32_t>(info.st_ino) : 0;
}

bool drops(const Version &line) {
	return line.text.find(" policy drop;") != std::string::npos;
}

// A table may be switched off and on (NFT_TABLE_F_DORMANT).
bool changes_hooks(const Change &change) {
	return change.kind != Change::Kind::kNewRule && change.kind != Change::Kind::kDelRule;
}

} // namespace

Lookup::Lookup(Query query, Listener changes, Listener link_changes, unsigned output)
    : query_(std::move(query)), changes_(std::move(changes)), link_changes_(std::move(link_changes)),
      formatter_(output), netns_(namespace_inode()) {
}

Result<std::unique_ptr<Lookup>> Lookup::open(const Options &options) {
	// Subscribed before anything is read: what changes from now on is not missed.
	auto changes = Listener::open(NETLINK_NETFILTER, NFNLGRP_NFTABLES);
	if (!changes) return std::unexpected(changes.error());
	auto link_changes = Listener::open(NETLINK_ROUTE, RTNLGRP_LINK);
	if (!link_changes) return std::unexpected(link_changes.error());
	auto query = Query::open();
	if (!query) return std::unexpected(query.error());
	std::unique_ptr<Lookup> lookup(
	        new Lookup(std::move(*query), std::move(*changes), std::move(*link_changes), options.output));
	lookup->narrow_ = options.narrow ? *options.narrow : narrow_way_works();
	if (options.confine) {
		if (auto confined = options.confine(); !confined) return std::unexpected(confined.error());
	}
	lookup->reader_ =
	        std::make_unique<Reader>(lookup->query_, lookup->formatter_, lookup->narrow_, options.xtables);
	if (auto loaded = lookup->load(nullptr); !loaded) return std::unexpected(loaded.error());
	if (lookup->work_.size() <= kReadAtStart) {
		while (lookup->work()) {
		}
	}
	return lookup;
}

Result<void> Lookup::load(const ChangeTime *lost) {
	const auto snapshot = take_snapshot(query_, index_, lost);
	if (!snapshot) return std::unexpected(snapshot.error());
	generation_ = snapshot->generation;
	sets_.begin(generation_);
	hooks_changed_ = generation_;
	rules_at_start_ = snapshot->rules;
	rules_known_ = snapshot->with_rules;
	pending_.clear();
	work_.clear();
	plan_work();
	return {};
}

// Chain lines first, they are few; then the rules of short chains.
void Lookup::plan_work() {
	for (Table &table : std::views::values(index_.tables())) {
		for (const Chain &chain : std::views::values(table.chains)) {
			if (!chain.alive || work_.size() >= kWorkMax) continue;
			if (chain.base) work_.push_front({table.handle, chain.handle, 0});
			if (!rules_known_ && chain.rules <= kLongChain)
				work_.push_back({table.handle, chain.handle, kAllRules});
		}
		for (const Rule &rule : std::views::values(table.rules)) {
			if (!rule.alive || work_.size() >= kWorkMax) continue;
			const Chain *chain = table.chain(rule.chain);
			if (chain != nullptr && chain->rules <= kLongChain)
				work_.push_back({table.handle, rule.chain, rule.handle});
		}
	}
}

// Puts the rules of a chain in line.
void Lookup::list_chain(const Target &target) {
	Table *table = index_.table(target.table);
	const Chain *chain = table == nullptr ? nullptr : table->chain(target.chain);
	if (chain == nullptr || !chain->alive) return;
	const auto handles = find_rules(query_, index_, *table, chain->name());
	if (!handles) return;
	for (const uint64_t handle : *handles)
		if (work_.size() < kWorkMax) work_.push_back({table->handle, chain->handle, handle});
}

Result<void> Lookup::drain() {
	const uint64_t start = now_ns();
	const uint64_t after = drained_ns_ > kNoticeNs ? drained_ns_ - kNoticeNs : 0;
	bool names_changed = false;
	if (link_changes_.drain([&](const nlmsghdr *message) { names_changed |= links_.event(message, now_ns()); }) ==
	    Listener::Outcome::kOverflowed) {
		links_.lost(now_ns());
		names_changed = true;
	}
	if (names_changed) reader_->links_changed();
	const auto outcome = changes_.drain([&](const nlmsghdr *message) {
		sets_.event(message);
		auto change = parse_change(message);
		if (!change) return;
		if (change->kind == Change::Kind::kGeneration)
			commit(change->generation, after);
		else
			pending_.push_back(std::move(*change));
	});
	if (outcome == Listener::Outcome::kOverflowed) {
		const uint64_t now = now_ns();
		const ChangeTime lost{generation_ + 1, after, now};
		if (auto loaded = load(&lost); !loaded) return loaded;
	}
	drained_ns_ = start;
	return {};
}

void Lookup::commit(uint32_t generation, uint64_t after_ns) {
	std::vector<Change> changes = std::exchange(pending_, {});
	sets_.commit(generation);
	if (generation == 0 || !generation_reached(generation, generation_ + 1)) return; // the dump holds it
	generation_ = generation;
	if (std::ranges::any_of(changes, changes_hooks)) hooks_changed_ = generation;
	for (const Target &target : index_.apply(changes, {generation, after_ns, now_ns()})) {
		const Table *table = index_.table(target.table);
		if (table == nullptr || work_.size() >= kWorkMax) continue;
		const auto chain = table->chains.find(target.chain);
		if (chain == table->chains.end() || (target.rule != 0 && chain->second.rules > kLongChain)) continue;
		work_.push_back(target);
	}
}

// Learns of all commits up to a generation.
Result<void> Lookup::catch_up(uint32_t generation) {
	const uint64_t deadline = now_ns() + static_cast<uint64_t>(kCatchUpMs) * 1'000'000;
	for (;;) {
		if (auto drained = drain(); !drained) return drained;
		if (generation_reached(generation_, generation)) return {};
		const uint64_t now = now_ns();
		if (now >= deadline)
			return usage_error("nf_tables", "the kernel does not tell of a change of the ruleset");
		pollfd waiting{.fd = changes_.descriptor(), .events = POLLIN, .revents = 0};
		poll(&waiting, 1, static_cast<int>((deadline - now) / 1'000'000) + 1);
	}
}

History *Lookup::history(const Target &target) {
	Table *table = index_.table(target.table);
	if (table == nullptr) return nullptr;
	if (target.rule != 0) {
		Rule *rule = table->rule(target.rule);
		return rule == nullptr ? nullptr : &rule->text;
	}
	Chain *chain = table->chain(target.chain);
	return chain == nullptr ? nullptr : &chain->line;
}

// Reads the present text into the latest version. False where there is none that can be read.
bool Lookup::read(const Target &target) {
	for (int attempt = 0; attempt < kReadAttempts; attempt++) {
		const auto before = query_.generation();
		if (!before || !catch_up(*before)) return false;
		Table *table = index_.table(target.table);
		if (table == nullptr || !table->alive) return false;
		Rule *rule = target.rule != 0 ? table->rule(target.rule) : nullptr;
		Chain *chain = table->chain(rule != nullptr ? rule->chain : target.chain);
		if (chain == nullptr || !(target.rule != 0 ? rule != nullptr && rule->alive : chain->alive))
			return false;
		// Whose `jump { ... }` it is in may not be known yet; such rulesets are small or come with all their
		// rules.
		if (chain->binding && chain->bound_by == 0 && !find_rules(query_, index_, *table, {})) return false;
		const uint32_t changes = (rule != nullptr ? rule->text : chain->line).changes();
		const uint32_t table_changes = table->changes;
		const uint64_t start = now_ns();
		auto text = rule != nullptr ? reader_->rule(*table, *rule) : reader_->chain_line(*table, *chain);
		// Of other changes than to this rule and what is printed around it there may be any number.
		const auto after = query_.generation();
		if (!after || !catch_up(*after)) return false;
		if (text && text->names_links && links_.changed_between(start, now_ns())) {
			reader_->links_changed();
			if (attempt + 1 < kReadAttempts) continue;
		}
		table = index_.table(target.table);
		History *history = this->history(target);
		if (table == nullptr || history == nullptr) return false;
		if (history->changes() != changes || table->changes != table_changes) continue;
		if (text) {
			work_bytes_ += text->text.size();
			history->read(std::move(text->text), start, text->names_links);
			return true;
		}
		if (text.error() == Unread::kNeedsXtables) {
			needs_xtables_ = true;
			return false;
		}
		// Asking again would give the same until it changes.
		history->ended();
		if (text.error() == Unread::kGone) index_.gone(target);
		return false;
	}
	return false;
}

bool Lookup::work() {
	while (!work_.empty()) {
		const Target target = work_.front();
		work_.pop_front();
		if (target.rule == kAllRules) {
			if (work_bytes_ <= kWorkBytesMax) list_chain(target);
			return true;
		}
		const History *history = this->history(target);
		if (history == nullptr || !history->unread()) continue;
		if (work_bytes_ > kWorkBytesMax) continue;
		read(target);
		return true;
	}
	return false;
}

// For which other drops of this generation the version is right, too. What had happened until drained_ns_ is known.
void Lookup::span(const Version &version, const nd_event &event, bool latest, Attribution &attribution) const {
	if (event.generation == 0 && !latest) return;
	uint64_t from = event.generation == 0 ? version.from.before_ns : 0;
	uint64_t until = event.generation == 0 ? drained_ns_ : UINT64_MAX;
	if (version.names_links) {
		from = std::max(from, std::min(version.read_ns, event.time_ns));
		until = drained_ns_;
		if (links_.changed_between(from, until)) return;
	}
	attribution.from_ns = from;
	attribution.until_ns = until;
}

// The text in force at the event, if it can be told.
void Lookup::tell(const Target &target, const nd_event &event, Attribution &attribution) {
	for (int attempt = 0; attempt < kReadAttempts; attempt++) {
		History *history = this->history(target);
		if (history == nullptr) return;
		const Version *version = history->at(event.generation, event.time_ns);
		if (version == nullptr || version->state == Version::State::kLost) return;
		// A policy that drops, seen in the very generation that changed it: the packet entered the chain
		// before.
		if (target.rule == 0 && version->state == Version::State::kRead && !drops(*version)) {
			const Version *earlier = history->before(version);
			if (version->from.generation != event.generation || earlier == nullptr ||
			    earlier->state != Version::State::kRead || !drops(*earlier))
				return;
			version = earlier;
		}
		if (version->state == Version::State::kRead) {
			if (!version->names_links || !links_.changed_between(version->read_ns, event.time_ns)) {
				attribution.text = version->text;
				attribution.known = !attribution.text.empty();
				span(*version, event, version == &history->latest(), attribution);
				return;
			}
			// Read again with the names of today, if they are those of the drop's time.
			if (version != &history->latest() || links_.changed_between(event.time_ns, now_ns())) return;
		}
		if (!read(target)) return;
	}
}

// A rule that no dump and no event told of.
Rule *Lookup::find(Table &table, uint64_t handle) {
	if (!table.alive) return nullptr;
	if (missing_generation_ != generation_ || missing_.size() > kMissingMax) missing_.clear();
	missing_generation_ = generation_;
	for (const Target &missing : missing_)
		if (missing.table == table.handle && missing.rule == handle) return nullptr;
	if (!find_rule(query_, index_, table, handle)) return nullptr;
	Rule *rule = table.rule(handle);
	if (rule == nullptr) missing_.push_back({table.handle, 0, handle});
	return rule;
}

bool Lookup::is_there(const WatchedObject &object) {
	Table *table = index_.alive_table(object.family, object.table);
	if (table == nullptr) return false;
	if (object.chain.empty()) return true;
	const auto chain = table->chain_by_name.find(object.chain);
	if (chain == table->chain_by_name.end()) return false;
	if (object.handle == 0) return true;
	const Rule *rule = table->rule(object.handle);
	if (rule == nullptr) rule = find(*table, object.handle);
	return rule != nullptr && rule->alive && rule->chain == chain->second;
}

Attribution Lookup::attribute(const nd_event &event) {
	Attribution attribution;
	attribution.family = family_name(event.family);
	if ((event.flags & ND_FLAG_TABLE_CUT) == 0)
		attribution.table.assign(event.table, strnlen(event.table, sizeof(event.table)));
	if ((event.flags & ND_FLAG_CHAIN_CUT) == 0)
		attribution.base_chain.assign(event.base_chain, strnlen(event.base_chain, sizeof(event.base_chain)));
	attribution.table_handle = event.table_handle;
	if (event.cause == ND_CAUSE_POLICY) {
		attribution.chain = attribution.base_chain;
		attribution.chain_handle = event.chain_handle;
	}
	// Handles mean nothing in another namespace.
	if (event.netns != 0 && netns_ != 0 && event.netns != netns_) return attribution;

	by_time_ |= event.generation == 0;
	const auto current = event.generation != 0 && !generation_reached(generation_, event.generation)
	                             ? catch_up(event.generation)
	                             : drain();
	if (!current) return attribution;
	Table *table = index_.table(event.table_handle);
	if (table == nullptr) return attribution;
	// A new namespace may have the number of an old one, and its tables the same handles: the name must fit, too.
	const std::string_view seen(event.table, strnlen(event.table, sizeof(event.table)));
	const bool cut = (event.flags & ND_FLAG_TABLE_CUT) != 0;
	if (!seen.empty() && (cut ? !table->name.starts_with(seen) : table->name != seen)) return attribution;
	attribution.family = family_name(table->family);
	attribution.table = table->name;
	if (table->owner != 0 && table->owner_socket == 0) table->owner_socket = netlink_socket_inode(table->owner);
	attribution.owner_socket = table->owner_socket;
	if (const Chain *base = table->chain(event.chain_handle); base != nullptr) {
		attribution.base_chain = base->name_at(event.generation);
		if (base->base) attribution.priority = base->priority;
	}
	Target target{table->handle, event.chain_handle, 0};
	if (event.cause != ND_CAUSE_POLICY) {
		Rule *rule = table->rule(event.rule_handle);
		if (rule == nullptr) rule = find(*table, event.rule_handle);
		if (rule == nullptr) return attribution;
		target = {table->handle, rule->chain, rule->handle};
	}
	if (const Chain *chain = table->chain(target.chain); chain != nullptr) {
		attribution.chain = chain->name_at(event.generation);
		attribution.chain_handle = chain->handle;
	}
	tell(target, event, attribution);
	return attribution;
}

Lookup::Size Lookup::size() const {
	size_t tables = 0;
	for (const Table &table : std::views::values(index_.tables()))
		tables += table.alive ? 1 : 0;
	return {tables, rules_known_ ? index_.rule_count() : rules_at_start_, generation_, narrow_};
}

} // namespace nft_drops
