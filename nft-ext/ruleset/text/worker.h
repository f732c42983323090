// SPDX-License-Identifier: GPL-2.0-only
// The child process that libnftables lives in: the library is not thread-safe, may exit() and writes to standard error.
#ifndef NFT_DROPS_NFT_EXT_RULESET_TEXT_WORKER_H
#define NFT_DROPS_NFT_EXT_RULESET_TEXT_WORKER_H

#include <cstdint>
#include <optional>
#include <string>

namespace nft_drops {

// A table, chain or rule by its names.
struct WatchedObject {
	uint8_t family = 0; // NFPROTO_*
	std::string table;
	std::string chain;   // empty: the table is meant
	uint64_t handle = 0; // of the rule; 0: the chain is meant
};

struct WorkerOptions {
	// The network namespace, an open /proc/PID/ns/net that stays the caller's; -1: the present one.
	int netns = -1;
	// What narrow_way_works() says, where an earlier worker told it (Ready::narrow). Finding out costs a network
	// namespace.
	std::optional<bool> narrow = {};
	// NFT_CTX_OUTPUT_*: how libnftables prints rules, beside with handles and without counters.
	unsigned output = 0;
	// WorkerConfinement has what these two mean.
	bool xtables = false;
	bool background = false;
	// The worker tells when this object comes and goes (Presence).
	std::optional<WatchedObject> watched = {};
};

// Never returns: ends when the other end of `socket` is closed. To be called at once after fork(). Sends a Ready or an
// Error, then a reply to each nd_event that arrives.
// worker_process.h has what the process keeps of the parent's; it gives up all privileges but those that confine.h
// names before it reads anything that the namespace's owner wrote.
[[noreturn]] void run_worker(int socket, const WorkerOptions &options, int parent);

} // namespace nft_drops

#endif
