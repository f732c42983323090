// SPDX-License-Identifier: GPL-2.0-only
// What all child processes have in common that read the ruleset of a network namespace: they keep nothing of the
// parent's, and what the namespace's owner wrote cannot make them do anything but read.
#ifndef NFT_DROPS_NFT_EXT_RULESET_TEXT_WORKER_PROCESS_H
#define NFT_DROPS_NFT_EXT_RULESET_TEXT_WORKER_PROCESS_H

#include "jit/base/result.h"

#include <cstddef>
#include <optional>

namespace nft_drops {

// What such a process is called (PR_SET_NAME).
inline constexpr const char *kWorkerName = "nft-drops-rules";

// The exit status of a worker that met a rule of iptables-nft without WorkerConfinement::xtables.
inline constexpr int kNeedsXtables = 3;

// The number of the descriptor that leads to the parent.
inline constexpr int kWorkerDescriptor = 3;

// The ruleset of a hostile namespace may be of any size; 100,000 rules take 338 MiB while libnftables lists them.
inline constexpr size_t kMostWorkerMemory = size_t{1} << 30;

// To be called at once after fork(). Closes all descriptors but `kept`, which becomes kWorkerDescriptor; standard
// input, output and error lead to /dev/null: neither the parent's BPF links nor its unwritten output may be touched
// from here. The process is called kWorkerName, ignores the terminal's signals, and dies with the thread that forked
// it. Ends the process where any of this fails. Then enters the namespace `netns`, an open /proc/PID/ns/net; -1: the
// present one.
Result<void> begin_worker(int kept, int netns, int parent);

struct WorkerConfinement {
	// Rules of iptables-nft may have to be printed: libnftables loads libxtables' modules for them, and these ask
	// the kernel over a raw socket which revision of a match it has.
	bool xtables = false;
	// Whoever made this namespace may be hostile: its worker gets less of the processor than others.
	bool background = false;
	// Beyond what the process has; nothing: no bound.
	std::optional<size_t> most_memory = kMostWorkerMemory;
};

// Gives up what reading a ruleset does not take (confine.h). Ends the process where the parent is gone.
Result<void> confine_worker(const WorkerConfinement &confinement, int parent);

// The parent's side: ends a worker, wherever it is. In the middle of a system call of the kernel's, SIGKILL takes a
// moment: nobody waits for it here, collect_ended_workers() takes its exit status later.
void end_worker(int pid);
void collect_ended_workers();

} // namespace nft_drops

#endif
