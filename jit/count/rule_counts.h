// SPDX-License-Identifier: GPL-2.0-only
// Reads counts out of the kernel's maps: by mmap(2), since the kernel skips the programs of kprobes on a processor for
// as long as a system call there looks an element up (bpf_disable_instrumentation()), and drops would be lost.
#ifndef NFT_DROPS_JIT_COUNT_RULE_COUNTS_H
#define NFT_DROPS_JIT_COUNT_RULE_COUNTS_H

#include "bpf/shared/count.h"
#include "jit/attach/sites.h"
#include "jit/base/mapped_array.h"
#include "jit/base/result.h"

#include <bpf/bpf.h>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace nft_drops::jit {

// Descriptors; they stay the caller's.
struct CountSources {
	int rules = -1;
	int counts = -1;
	int state = -1;
	int meta = -1;
	int tidy = -1;           // a program
	std::vector<int> others; // maps that only take memory
	std::vector<SiteDescriptors> sites;
};

// What one rule or policy dropped, summed over all processors.
struct RuleCount {
	uint32_t number = 0; // in "rules"
	nd_count_key key{};
	nd_count count{};
};

struct RuleCounts {
	nd_count_meta meta{};
	uint64_t now_ns = 0;          // CLOCK_BOOTTIME of the kernel, which a time namespace does not shift
	std::vector<RuleCount> rules; // each key once; some may be of rules that are deleted
	nd_count unlisted{};          // of those that had no room
	nd_count all{};               // everything, what deleted rules had dropped with it
	Missed missed;
	size_t memory = 0; // bytes that the kernel says the maps take
};

// A mappable array of T, for reading; empty where the map is anything else.
template <typename T> MappedArray<T> open_array(int map) {
	bpf_map_info info{};
	uint32_t size = sizeof(info);
	if (bpf_obj_get_info_by_fd(map, &info, &size) != 0 || info.type != BPF_MAP_TYPE_ARRAY ||
	    info.key_size != sizeof(uint32_t) || info.value_size != sizeof(T) || (info.map_flags & BPF_F_MMAPABLE) == 0)
		return {};
	return {map, info.max_entries, MappedArray<T>::Access::kRead};
}

// Fails with kUsage where a map is not of the expected form.
Result<RuleCounts> read_rule_counts(const CountSources &sources);

// A step of the kernel's own tidying, and the time of its clock. `deleted`: a rule of which the caller knows that it is
// deleted; may be nullptr. It keeps its number for as long as a program may still add to it, and what it dropped stays
// in RuleCounts::all. False where the program cannot be run.
bool tidy(int program, const RuleCount *deleted);

} // namespace nft_drops::jit

#endif
