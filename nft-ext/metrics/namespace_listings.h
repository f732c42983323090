// SPDX-License-Identifier: GPL-2.0-only
// The rulesets of all network namespaces, listed for one scrape after another. Listing costs by far the most of a
// scrape, so a ruleset is listed anew only where its generation changed.
//
// Whoever owns another namespace may be hostile: its ruleset may be of any size, and change without end. So its worker
// has bounds (ListingBounds), and a scrape waits for all other namespaces together for ListingBounds::wait at most. A
// ruleset that takes longer is read on in the background, and no later scrape waits for it until it has been read.
#ifndef NFT_DROPS_NFT_EXT_METRICS_NAMESPACE_LISTINGS_H
#define NFT_DROPS_NFT_EXT_METRICS_NAMESPACE_LISTINGS_H

#include "jit/base/result.h"
#include "nft-ext/metrics/listed_rules.h"
#include "nft-ext/metrics/listing_worker.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace nft_drops {

// One network namespace as a scrape finds it, after the counts were read.
struct NamespaceNow {
	uint64_t cookie = 0;     // no other namespace has it or had it
	uint32_t generation = 0; // of its ruleset: grows with each commit
	int descriptor = -1;     // an open /proc/PID/ns/net, for the time of update()
	bool home = false;       // the one in which `metrics` runs: its ruleset is trusted and always waited for
	bool dropped = false;    // the counts have drops of its rules: it is read before those that never dropped
};

struct ListingBounds {
	// 100,000 rules took more than a minute in a machine that is emulated and shares its processor.
	std::chrono::seconds home{600};
	// Of all other namespaces together; Prometheus gives a scrape ten seconds (scrape_timeout).
	std::chrono::milliseconds wait{5000};
	// What takes longer is ended, and what failed is tried again after as long a time, or when it changed.
	std::chrono::seconds lifetime{60};
	size_t workers = 4;                // at once, for other namespaces
	size_t slow = 2;                   // of these, that no scrape waits for
	size_t memory = size_t{512} << 20; // of one worker
	size_t bytes = size_t{16} << 20;   // of one listing, which is about 150,000 rules
	size_t kept = size_t{64} << 20;    // of all listings; the largest is given up
};

class NamespaceListings {
public:
	explicit NamespaceListings(const ListingBounds &bounds = {}) : bounds_(bounds) {}

	// Reads what changed. `all` has each namespace once. Fails where the ruleset of `home` cannot be read.
	Result<void> update(const std::vector<NamespaceNow> &all);

	// Since the last update(): the rules that were in the namespace after its counts were read. Null: not read in
	// time, or too large.
	[[nodiscard]] const ListedRules *of(uint64_t cookie) const;

private:
	using Clock = std::chrono::steady_clock;
	struct Entry {
		std::optional<ListedRules> listed;
		size_t bytes = 0;     // of `listed`
		bool current = false; // `listed` is of this update()
		bool done = false;    // nothing more can be had in this update()
		bool xtables = false; // has rules of iptables-nft
		bool slow = false;    // took too long: not waited for
		int attempts = 0;     // in this update(): the ruleset changed while it was listed
		std::unique_ptr<ListingWorker> worker;
		Clock::time_point started;
		bool fresh = false;              // the worker was started in this update()
		std::optional<uint32_t> refused; // the generation that could not be read
		Clock::time_point not_before;    // to try that one again
	};

	static void begin(const NamespaceNow &now, Entry &entry);
	Result<void> start_workers(const std::vector<NamespaceNow> &order);
	Result<void> start(const NamespaceNow &now, Entry &entry);
	Result<void> wait(const std::vector<NamespaceNow> &order, std::chrono::milliseconds longest);
	Result<void> take(const NamespaceNow &now, Entry &entry);
	void refuse(const NamespaceNow &now, Entry &entry) const;
	void end_late(const std::vector<NamespaceNow> &order);
	void bound_kept(const std::vector<NamespaceNow> &order);
	// Whether anything is still to be waited for.
	[[nodiscard]] bool unfinished(const std::vector<NamespaceNow> &order, bool others) const;
	// The workers of other namespaces; `slow`: those that nobody waits for.
	[[nodiscard]] size_t working(const std::vector<NamespaceNow> &order, bool slow) const;

	ListingBounds bounds_;
	std::unordered_map<uint64_t, Entry> entries_; // by cookie
};

} // namespace nft_drops

#endif
