// SPDX-License-Identifier: GPL-2.0-only
// The road from a running kernel to an attached probe: kernel -> Plan -> BPF object -> links -> self-test. This is all
// that the program above needs to know of jit/.
#ifndef NFT_DROPS_JIT_START_SESSION_H
#define NFT_DROPS_JIT_START_SESSION_H

#include "jit/attach/probe.h"
#include "jit/base/result.h"
#include "jit/kernel/live/expression_names.h"
#include "jit/kernel/live/load_nf_tables.h"
#include "jit/kernel/live/netfilter_code.h"
#include "jit/kernel/types/kernel.h"
#include "jit/match/program.h"
#include "jit/resolve/plan.h"

#include <chrono>
#include <memory>
#include <string>

namespace nft_drops::jit {

struct SessionOptions {
	uint32_t netns = 0;      // inode number of the network namespace to watch; 0: all
	bool netns_held = false; // see ProbeOptions
	size_t ring_bytes = ProbeOptions{}.ring_bytes;
	bool path = false;    // the jumps that led to the rule, too
	uint32_t snaplen = 0; // bytes kept of each packet (nd_capture); 0: there is no capture
	Filter filter{};      // only drops that it takes become events; all are counted
	bool audit = false;   // all packets that the kernel frees as dropped by netfilter, too
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
	NetfilterCode netfilter; // with SessionOptions::audit

	// Every drop in the namespace after this returned is seen. Nothing is attached any more where it fails, as when
	// the self-test does.
	static Result<Session> start(const SessionOptions &options);
};

struct ProvenPlan {
	Kernel kernel;
	Plan plan;
};
// The Plan for the running kernel. Nothing stays attached: where BTF does not tell the layout and no earlier start
// proved one, the self-test does so first.
Result<ProvenPlan> plan_of_running_kernel();

} // namespace nft_drops::jit

#endif
