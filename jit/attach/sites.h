// SPDX-License-Identifier: GPL-2.0-only
// A probe's programs at their sites: attaching them, and what the kernel says it missed there.
#ifndef NFT_DROPS_JIT_ATTACH_SITES_H
#define NFT_DROPS_JIT_ATTACH_SITES_H

#include "jit/base/result.h"
#include "jit/resolve/plan.h"

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

struct bpf_link;
struct bpf_object;

namespace nft_drops::jit {

// Loads what jit/compile made. Fails with kMachine where the kernel refuses.
Result<void> load_object(bpf_object *object);

// What an administrator can do about this errno of loading or attaching; empty where nothing is known.
const char *help_for(int error);

struct AttachedSite {
	bpf_link *link = nullptr;
	int program = -1; // the object's descriptor; several sites may have the same program
};
// One for each site; all or none. Fails with kMachine, naming the site, where the kernel refuses.
Result<std::vector<AttachedSite>> attach_sites(bpf_object *object, const Plan &plan);

// Hits of a site that never ran its program: another BPF program was running on that processor, or a kprobe within a
// kprobe. Whether they were drops cannot be known.
struct Missed {
	uint64_t hits = 0;
	bool complete = true; // this kernel counts every such miss; those before 6.7 do not

	Missed &operator+=(const Missed &other);
};
// How often the kernel did not run a program because it was running already on that processor (recursion_misses).
uint64_t missed_by_program(int program);
// The descriptors of a site's link and program.
using SiteDescriptors = std::pair<int, int>;
std::vector<SiteDescriptors> descriptors_of(std::span<const AttachedSite> sites);
// Of all sites. A program of several sites counts once.
Missed missed_at(std::span<const SiteDescriptors> sites);

} // namespace nft_drops::jit

#endif
