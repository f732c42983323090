// SPDX-License-Identifier: GPL-2.0-only
// A probe that passed the self-test and watches what is wanted. This is all that the program above needs to know of
// jit/ to see drops.
#ifndef NFT_DROPS_JIT_START_SESSION_H
#define NFT_DROPS_JIT_START_SESSION_H

#include "jit/attach/probe.h"
#include "jit/base/result.h"
#include "jit/kernel/live/expression_names.h"
#include "jit/kernel/live/load_nf_tables.h"
#include "jit/kernel/live/netfilter_code.h"
#include "jit/kernel/types/kernel.h"
#include "jit/match/selector.h"
#include "jit/resolve/plan.h"
#include "jit/start/options.h"

#include <memory>

namespace nft_drops::jit {

struct SessionOptions {
	uint32_t netns = 0;      // inode number of the network namespace to watch; 0: all
	bool netns_held = false; // see ProbeOptions
	uint64_t group = 0;      // id of a control group, for StartOptions::of_group
	Selector selector{}; // only its drops become events, and drops with ND_FLAG_ASK_CHAIN: see Probe::tell_chain()
	bool one_at_a_time = false; // with a SELECTOR: the next drop becomes an event; see Probe::ask_for_one()
	StartOptions start{};       // `selects` follows from the SELECTOR
};

struct Session {
	Kernel kernel;
	Plan plan;
	std::unique_ptr<Probe> probe;
	NetfilterCode netfilter; // with StartOptions::audit

	// Runs all steps of start.h. Every drop in the namespace after this returned is seen. Where it fails, nothing
	// is attached.
	static Result<Session> start(const SessionOptions &options);
};

} // namespace nft_drops::jit

#endif
