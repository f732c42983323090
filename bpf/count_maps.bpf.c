// SPDX-License-Identifier: GPL-2.0-only
/* The maps of count.bpf.c, its only variable and its licence; apart from its code as maps.bpf.c is. */
#include "helpers.h"
#include "shared/count.h"

/* Where in nd_counts each processor counts; 0: it has none yet. Memory is allocated at once: a drop can happen where
 * none could be had. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, ND_COUNT_MAX_RULES); /* the loader sets the true size */
	__type(key, struct nd_count_key);
	__type(value, nd_u64);
} nd_rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, ND_COUNT_MAX_RULES + 1); /* the loader sets the true size */
	__type(key, nd_u32);
	__type(value, struct nd_count);
} nd_counts SEC(".maps");

/* How many places in nd_counts a processor has given away. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, nd_u32);
	__type(value, nd_u64);
} nd_used SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1 << ND_RECENT_BITS);
	__type(key, nd_u32);
	__type(value, struct nd_recent);
} nd_recent SEC(".maps");

/* The tasks that are changing a ruleset now. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, nd_u64);
	__type(value, nd_u64);
} nd_changing SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, nd_u32);
	__type(value, struct nd_count_meta);
} nd_meta SEC(".maps");

volatile nd_u64 nd_changes = 0;

const char nd_license[] SEC("license") = "GPL";

#include "types_inside.h"
