// SPDX-License-Identifier: GPL-2.0-only
// The perf events of a Plan's sites. To open one is to put a kprobe there. A thread of its own opens each, because of
// the kernel's optimizer of kprobes: 5 ticks after the first kprobe it takes kprobe_mutex and text_mutex and keeps them
// for a grace period of RCU tasks (kprobe_optimizer() of kernel/kprobes.c). Threads that wait for
// kprobe_mutex by then have their turn before it. For the same reason no event is opened before the programs are
// loaded: BPF's compiler takes text_mutex as well (bpf_arch_text_copy()).
#ifndef NFT_DROPS_JIT_ATTACH_SITE_EVENTS_H
#define NFT_DROPS_JIT_ATTACH_SITE_EVENTS_H

#include "jit/base/result.h"
#include "jit/resolve/plan.h"

#include <thread>
#include <vector>

namespace nft_drops::jit {

class SiteEvents {
public:
	// Begins to open one event for each site, and returns at once.
	explicit SiteEvents(const Plan &plan);
	SiteEvents(const SiteEvents &) = delete;
	SiteEvents &operator=(const SiteEvents &) = delete;
	// Waits for the threads, and takes away the kprobes whose events were not taken.
	~SiteEvents();

	// Waits until all are open. The caller owns the descriptors, which are in the order of the sites. Fails with
	// kMachine, naming the site, where the kernel refuses a kprobe; then none is there.
	Result<std::vector<int>> take();

private:
	struct Opening {
		std::string place;
		int fd = -1;
		int error = 0;
		std::thread thread;
	};
	void wait();
	std::vector<Opening> all_;
};

} // namespace nft_drops::jit

#endif
