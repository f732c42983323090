// SPDX-License-Identifier: GPL-2.0-only
// What a probe is to be able to do, for all who start one (start.h, session.h).
#ifndef NFT_DROPS_JIT_START_OPTIONS_H
#define NFT_DROPS_JIT_START_OPTIONS_H

#include "jit/attach/probe.h"
#include "jit/match/program.h"

#include <cstddef>
#include <cstdint>

namespace nft_drops::jit {

struct StartOptions {
	size_t ring_bytes = ProbeOptions{}.ring_bytes;
	bool path = false;     // the jumps that led to the rule, too
	Filter filter{};       // only drops that it takes become events; all are counted
	bool selects = false;  // the probe can be told a SELECTOR: Probe::select()
	bool audit = false;    // all packets that the kernel frees as dropped by netfilter, too
	bool details = false;  // the packet's connection, marks and socket, too (nd_details)
	bool of_group = false; // events tell whether the packet's socket belongs to SessionOptions::group
	uint32_t snaplen = 0;  // bytes kept of each packet (nd_capture); 0: there is no capture
	// Use what earlier starts kept below /run/nft-drops, and keep there what this start finds out.
	bool keep = true;
};

} // namespace nft_drops::jit

#endif
