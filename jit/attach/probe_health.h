// SPDX-License-Identifier: GPL-2.0-only
// Whether an attached probe still sees. The kernel tells nobody when it ends a kprobe's sight: the links stay, without
// an error. What ends it:
// - nf_tables is unloaded: its kprobes are marked as gone, and stay so when it is loaded anew.
// - /sys/kernel/debug/kprobes/enabled is set to 0: all kprobes' breakpoints are taken out of the code until it is 1.
// - A live patch replaces nft_do_chain: packets go by another function then.
// If kprobes are switched on and a kprobe stays out of the code, the code that it was put into is gone.
#ifndef NFT_DROPS_JIT_ATTACH_PROBE_HEALTH_H
#define NFT_DROPS_JIT_ATTACH_PROBE_HEALTH_H

#include "jit/base/descriptor.h"
#include "jit/base/result.h"
#include "jit/kernel/live/memory.h"
#include "jit/kernel/types/kernel.h"
#include "jit/resolve/plan.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace nft_drops::jit {

class ProbeHealth {
public:
	enum class State {
		kSees,
		kSwitchedOff,    // the kprobes are not in the code; this very probe may see again
		kWasSwitchedOff, // it sees, but may have been switched off for some time since the last call
		kNotLoaded,      // there is no nf_tables: nothing can be dropped by it, nor be attached to
		kReplaced,       // packets go by other code, or the kprobes are gone for good: a new probe is needed
	};

	// `plan` and `kernel` are those of the attached probe, which sees now.
	static Result<ProbeHealth> start(const Plan &plan, const Kernel &kernel);

	// Costs one read of kernel memory for each site, and two or three calls to look at files.
	State look();
	// Becomes readable when somebody writes to the kernel's switch for kprobes: look() at once. -1 where the
	// machine has no debugfs.
	[[nodiscard]] int fd() const { return switch_.get(); }

private:
	ProbeHealth(KernelMemory memory, const Plan &plan, const Kernel &kernel);
	[[nodiscard]] bool is_armed(uint64_t site) const;
	bool was_switched();
	[[nodiscard]] bool is_switched_on() const;

	KernelMemory memory_;
	std::vector<uint64_t> sites_;
	Machine machine_;
	std::string module_; // empty where nf_tables is built in
	uint64_t identity_ = 0;
	bool patched_;
	// Since then every look has found kprobes switched on, and a site without one.
	std::optional<std::chrono::steady_clock::time_point> gone_since_;
	Descriptor switch_; // inotify(7)
};

// In words, to stand behind "the probe sees nothing: ".
std::string describe(ProbeHealth::State state);

// Whether a folder like /sys/kernel/livepatch (PATCH/OBJECT/FUNCTION,POSITION) has a patch of this function.
bool is_live_patched(const std::string &folder, const std::string &function);

} // namespace nft_drops::jit

#endif
