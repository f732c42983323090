// SPDX-License-Identifier: GPL-2.0-only
// A child process that lists the ruleset of one network namespace, by libnftables' own `list ruleset`. libnftables may
// end the process where the kernel talks nonsense, and keeps the memory that a large ruleset took: hence a child. It is
// confined as all readers of rulesets are (worker_process.h). It writes into memory of its own and waits for nobody, so
// that it gets on with its work while the parent does something else.
#ifndef NFT_DROPS_NFT_EXT_METRICS_LISTING_WORKER_H
#define NFT_DROPS_NFT_EXT_METRICS_LISTING_WORKER_H

#include "jit/base/descriptor.h"
#include "jit/base/result.h"
#include "nft-ext/metrics/listed_rules.h"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <sys/types.h>

namespace nft_drops {

struct ListingOptions {
	int netns = -1;       // the network namespace, an open /proc/PID/ns/net; -1: the present one
	bool xtables = false; // WorkerConfinement has what these three mean
	bool background = false;
	std::optional<size_t> most_memory;
	std::optional<size_t> most_bytes;   // of the listing, as bytes; nothing: no bound
	std::chrono::seconds lifetime{600}; // the process ends itself after that
};

class ListingWorker {
public:
	static Result<std::unique_ptr<ListingWorker>> start(const ListingOptions &options);
	ListingWorker(const ListingWorker &) = delete;
	ListingWorker &operator=(const ListingWorker &) = delete;
	~ListingWorker();

	// For poll(2): readable once the process has ended. Then:
	[[nodiscard]] int descriptor() const { return process_.get(); }
	Result<ListedRules> result();
	// After result(): the listing's size as bytes; and whether the process met a rule of iptables-nft, which it
	// lists only with ListingOptions::xtables.
	[[nodiscard]] size_t bytes() const { return bytes_; }
	[[nodiscard]] bool needs_xtables() const { return needs_xtables_; }

private:
	ListingWorker(pid_t pid, jit::Descriptor process, jit::Descriptor memory)
	    : pid_(pid), process_(std::move(process)), memory_(std::move(memory)) {}

	pid_t pid_; // -1: its exit status has been taken
	jit::Descriptor process_;
	jit::Descriptor memory_;
	size_t bytes_ = 0;
	bool needs_xtables_ = false;
};

} // namespace nft_drops

#endif
