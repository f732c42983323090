// SPDX-License-Identifier: GPL-2.0-only
/* The maps of count.bpf.c, its variables and its licence; apart from its code as maps.bpf.c is. */
#include "helpers.h"
#include "ignored_map.h"
#include "shared/count.h"

/*
 * The loader sets the sizes. All memory is allocated at the start: where a packet is dropped, none may be had. Only
 * nd_late has an element for each possible processor, of 8 bytes; a per-CPU map would take megabytes for each.
 */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, ND_COUNT_MAX_RULES);
	__type(key, nd_u32);
	__type(value, struct nd_rule);
} nd_rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, ND_COUNT_MAX_RULES);
	__type(key, nd_u32);
	__type(value, struct nd_count);
} nd_counts SEC(".maps");

/* The number in nd_rules that counts for a key. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ND_COUNT_MAX_RULES);
	__type(key, struct nd_count_key);
	__type(value, nd_u64);
} nd_index SEC(".maps");

/* Numbers that count for no key. */
struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, ND_COUNT_MAX_RULES);
	__type(value, nd_u32);
} nd_free SEC(".maps");

/* Of processors that are there when counting starts. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, nd_u32);
	__type(value, struct nd_cpu);
} nd_cpus SEC(".maps");

/* Of all possible ones: used by those that come later. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, nd_u32);
	__type(value, struct nd_running);
} nd_late SEC(".maps");

/* A lock: while the element exists, a program works on nd_state. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, nd_u32);
	__type(value, nd_u64);
} nd_lock SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, nd_u32);
	__type(value, struct nd_count_state);
} nd_state SEC(".maps");

/* The tasks that are changing a ruleset now. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, nd_u64);
	__type(value, nd_u64);
} nd_changing SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, nd_u32);
	__type(value, struct nd_count_meta);
} nd_meta SEC(".maps");

volatile struct nd_count_variables nd_variables = {0};

const char nd_license[] SEC("license") = "GPL";

#include "types_inside.h"
