// SPDX-License-Identifier: GPL-2.0-only
// The Plan: at which instructions to look, and where rule, packet, base chain and verdict live there.
#ifndef NFT_DROPS_JIT_RESOLVE_PLAN_H
#define NFT_DROPS_JIT_RESOLVE_PLAN_H

#include "bpf/shared/site.h"
#include "jit/base/result.h"
#include "jit/kernel/types/layout.h"
#include "jit/machine/image.h"

#include <cstdint>
#include <string>
#include <vector>

namespace nft_drops::jit {

struct PlannedSite {
	uint64_t address = 0;
	nd_site site{};                   // what the probe is specialised with
	std::string place;                // "nft_do_chain+0x471"
	std::vector<uint8_t> causes;      // enum nd_cause of the drops that come here
	bool drops_only = false;          // no other packet comes here
	bool jump = false;                // the kernel can turn the probe into a jump
	std::vector<std::string> listing; // the instruction and its neighbours, the site itself marked with "=>"
};

struct Plan {
	std::vector<PlannedSite> sites;
	// Evidence: ways through the function that were emulated, how many of them end in a drop, and the function's
	// size.
	size_t paths = 0;
	size_t drop_paths = 0;
	size_t instructions = 0;
	size_t static_keys = 0;
	int jump_limit = 0;
	bool freed_inside = false; // the packet is freed inside nft_do_chain
};

// Finds the Plan, by emulating the function's machine code on rulesets of its own. Fails with kMachine where the code
// is not understood or where no set of sites sees every drop exactly once.
Result<Plan> resolve(const Image &image, const Layout &layout);

// What compile_probe() is given of it, in the order of the sites.
std::vector<nd_site> constants_of(const Plan &plan);

} // namespace nft_drops::jit

#endif
