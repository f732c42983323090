// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/metrics/namespace_listings.h"

#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <tuple>
#include <unordered_set>

namespace nft_drops {
namespace {

// Of a ruleset that changes while it is listed. The last one counts: what it lacks was deleted after the counts were
// read.
constexpr int kAttempts = 3;
// The generation of a namespace in which nothing was ever committed (nf_tables_init_net).
constexpr uint32_t kNoCommit = 1;

} // namespace

const ListedRules *NamespaceListings::of(uint64_t cookie) const {
	const auto found = entries_.find(cookie);
	return found != entries_.end() && found->second.current ? &*found->second.listed : nullptr;
}

Result<void> NamespaceListings::update(const std::vector<NamespaceNow> &all) {
	std::unordered_set<uint64_t> there;
	for (const NamespaceNow &now : all)
		there.insert(now.cookie);
	std::erase_if(entries_, [&there](const auto &entry) { return !there.contains(entry.first); });
	std::vector<NamespaceNow> order = all;
	for (const NamespaceNow &now : all)
		begin(now, entries_[now.cookie]);
	std::ranges::stable_sort(order, {}, [this](const NamespaceNow &now) {
		return std::tuple(!now.home, entries_[now.cookie].slow, !now.dropped);
	});
	if (auto waited = wait(order, bounds_.wait); !waited) return waited;
	end_late(order);
	bound_kept(order);
	return {};
}

void NamespaceListings::begin(const NamespaceNow &now, Entry &entry) {
	entry.fresh = false;
	entry.attempts = 0;
	if (!now.home && now.generation == kNoCommit) {
		entry = {};
		entry.listed.emplace();
		entry.current = entry.done = true;
		return;
	}
	entry.current = entry.listed && entry.listed->generation() == now.generation;
	const bool refused = entry.refused == now.generation && Clock::now() < entry.not_before;
	entry.done = entry.current || refused;
}

Result<void> NamespaceListings::wait(const std::vector<NamespaceNow> &order, std::chrono::milliseconds longest) {
	const auto until = Clock::now() + longest;
	for (;;) {
		if (auto started = start_workers(order); !started) return started;
		const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
		const bool more = unfinished(order, left > 0);
		std::vector<pollfd> polled;
		std::vector<const NamespaceNow *> whose;
		for (const NamespaceNow &now : order) {
			if (const auto &worker = entries_[now.cookie].worker) {
				polled.push_back({.fd = worker->descriptor(), .events = POLLIN, .revents = 0});
				whose.push_back(&now);
			}
		}
		// Without a limit for `home`: its worker has one of its own. Where nothing is to be waited for, what
		// came to its end in the background is taken.
		const int patience = !more ? 0 : left > 0 ? static_cast<int>(left) : -1;
		const int ready = poll(polled.data(), polled.size(), patience);
		for (size_t i = 0; ready > 0 && i < polled.size(); i++) {
			if (polled[i].revents == 0) continue;
			if (auto taken = take(*whose[i], entries_[whose[i]->cookie]); !taken) return taken;
		}
		if (!more) return {};
	}
}

bool NamespaceListings::unfinished(const std::vector<NamespaceNow> &order, bool others) const {
	return std::ranges::any_of(order, [&](const NamespaceNow &now) {
		const Entry &entry = entries_.at(now.cookie);
		return !entry.done && (now.home || (others && !entry.slow));
	});
}

size_t NamespaceListings::working(const std::vector<NamespaceNow> &order, bool slow) const {
	return static_cast<size_t>(std::ranges::count_if(order, [&](const NamespaceNow &now) {
		const Entry &entry = entries_.at(now.cookie);
		return !now.home && entry.worker && (entry.slow || !slow);
	}));
}

Result<void> NamespaceListings::start_workers(const std::vector<NamespaceNow> &order) {
	for (const NamespaceNow &now : order) {
		Entry &entry = entries_[now.cookie];
		if (entry.done || entry.worker) continue;
		const bool room = now.home || (working(order, false) < bounds_.workers &&
		                               (!entry.slow || working(order, true) < bounds_.slow));
		if (!room) continue;
		if (auto started = start(now, entry); !started) return started;
	}
	return {};
}

Result<void> NamespaceListings::start(const NamespaceNow &now, Entry &entry) {
	ListingOptions options;
	options.netns = now.descriptor;
	options.xtables = entry.xtables;
	options.lifetime = bounds_.home;
	if (!now.home) {
		options.background = true;
		options.most_memory = bounds_.memory;
		options.most_bytes = bounds_.bytes;
		options.lifetime = bounds_.lifetime;
	}
	auto worker = ListingWorker::start(options);
	if (!worker) {
		if (now.home) return std::unexpected(worker.error());
		refuse(now, entry);
		return {};
	}
	entry.worker = std::move(*worker);
	entry.started = Clock::now();
	entry.fresh = true;
	return {};
}

Result<void> NamespaceListings::take(const NamespaceNow &now, Entry &entry) {
	const auto worker = std::move(entry.worker);
	auto listed = worker->result();
	if (worker->needs_xtables() && !entry.xtables) {
		entry.xtables = true;
		return start(now, entry);
	}
	if (!listed) {
		if (now.home) return std::unexpected(listed.error());
		refuse(now, entry);
		return {};
	}
	// Begun before the counts were read, and changed since: start_workers() begins anew.
	if (!entry.fresh && listed->generation() != now.generation) return {};
	if (!listed->generation() && ++entry.attempts < kAttempts) return start(now, entry);
	entry.listed = std::move(*listed);
	entry.bytes = worker->bytes();
	entry.current = entry.done = true;
	entry.slow = false;
	entry.refused.reset();
	return {};
}

void NamespaceListings::refuse(const NamespaceNow &now, Entry &entry) const {
	entry.worker.reset();
	entry.listed.reset();
	entry.bytes = 0;
	entry.current = false;
	entry.done = entry.slow = true;
	entry.refused = now.generation;
	entry.not_before = Clock::now() + bounds_.lifetime;
}

// What is not ready goes on in the background: the oldest, so that these come to an end.
void NamespaceListings::end_late(const std::vector<NamespaceNow> &order) {
	std::vector<Entry *> late;
	for (const NamespaceNow &now : order) {
		Entry &entry = entries_[now.cookie];
		if (!entry.worker) continue;
		entry.slow = true;
		late.push_back(&entry);
	}
	std::ranges::sort(late, {}, &Entry::started);
	for (size_t i = bounds_.slow; i < late.size(); i++)
		late[i]->worker.reset();
}

void NamespaceListings::bound_kept(const std::vector<NamespaceNow> &order) {
	for (;;) {
		size_t kept = 0;
		const NamespaceNow *largest = nullptr;
		for (const NamespaceNow &now : order) {
			if (now.home) continue;
			const size_t bytes = entries_[now.cookie].bytes;
			kept += bytes;
			if (!largest || bytes > entries_[largest->cookie].bytes) largest = &now;
		}
		if (kept <= bounds_.kept) return;
		refuse(*largest, entries_[largest->cookie]);
	}
}

} // namespace nft_drops
