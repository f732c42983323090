// SPDX-License-Identifier: GPL-2.0-only
// The child process that libnftables lives in: the library is not thread-safe, may exit() and writes to standard error.
#ifndef NFT_DROPS_NFT_EXT_RULESET_TEXT_WORKER_H
#define NFT_DROPS_NFT_EXT_RULESET_TEXT_WORKER_H

namespace nft_drops {

// What such a process is called (PR_SET_NAME).
inline constexpr const char *kWorkerName = "nft-drops-rules";

// Never returns: ends when the other end of `socket` is closed. To be called at once after fork(). Sends a Ready or an
// Error, then a reply to each nd_event that arrives. `netns`: a namespace to enter first, or -1.
// All other descriptors are closed, standard input, output and error lead to /dev/null: neither the parent's
// BPF links nor its unwritten output may be touched from here.
[[noreturn]] void run_worker(int socket, int netns, int parent);

} // namespace nft_drops

#endif
