// SPDX-License-Identifier: GPL-2.0-only
// The road from a running kernel to an attached probe: kernel -> Plan -> BPF object -> links -> self-test. This is all
// that the program above needs to know of jit/.
#ifndef NFT_DROPS_JIT_SESSION_H
#define NFT_DROPS_JIT_SESSION_H

#include "bpf/shared/result.h"
#include "jit/attach/probe.h"
#include "jit/kernel/expression_names.h"
#include "jit/kernel/kernel.h"
#include "jit/kernel/load_nf_tables.h"
#include "jit/kernel/offline/kernel.h"
#include "jit/resolve/plan.h"

#include <chrono>
#include <memory>
#include <string>

namespace nft_drops::jit {

struct SessionOptions {
	uint32_t netns = 0;      // inode number of the network namespace to watch; 0: all
	bool netns_held = false; // see ProbeOptions
	size_t ring_bytes = ProbeOptions{}.ring_bytes;
	bool path = false;  // the jumps that led to the rule, too
	bool audit = false; // all packets that the kernel frees as dropped by netfilter, too
};

// How long each part of the start took.
struct Timings {
	std::chrono::microseconds kernel{}, resolve{}, compile{}, attach{}, selftest{};
};

struct Session {
	Kernel kernel;
	Plan plan;
	Timings timings;
	std::unique_ptr<Probe> probe;

	// Every drop in the namespace after this returned is seen. Nothing is attached any more where it fails, as when
	// the self-test does.
	static Result<Session> start(const SessionOptions &options);
};

// The Plan for the running kernel in words; nothing is attached.
Result<std::string> explain_running_kernel();
// The same for a kernel that is not running.
Result<std::string> explain_kernel_files(const KernelFiles &files);

// A bpftrace script that does what the probe does on the running kernel. Nothing stays attached: where BTF does not
// tell the layout and no earlier start proved one, the self-test does so first.
Result<std::string> bpftrace_for_running_kernel();

} // namespace nft_drops::jit

#endif
