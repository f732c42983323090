// SPDX-License-Identifier: GPL-2.0-only
/* The maps of count.bpf.c, its only variable and its licence; apart from its code as maps.bpf.c is. */
#include "helpers.h"
#include "shared/count.h"

/* Where in nd_counts each processor counts; 0: it has none yet. Memory is allocated at once: a drop can happen where
 * none could be had. */
struct {
	MAP_INT(type, MAP_PERCPU_HASH);
	MAP_INT(max_entries, ND_COUNT_MAX_RULES); /* the loader sets the true size */
	MAP_TYPE(key, struct nd_count_key);
	MAP_TYPE(value, nd_u64);
} nd_rules SEC(".maps");

struct {
	MAP_INT(type, MAP_PERCPU_ARRAY);
	MAP_INT(max_entries, ND_COUNT_MAX_RULES + 1); /* the loader sets the true size */
	MAP_TYPE(key, nd_u32);
	MAP_TYPE(value, struct nd_count);
} nd_counts SEC(".maps");

/* How many places in nd_counts a processor has given away. */
struct {
	MAP_INT(type, MAP_PERCPU_ARRAY);
	MAP_INT(max_entries, 1);
	MAP_TYPE(key, nd_u32);
	MAP_TYPE(value, nd_u64);
} nd_used SEC(".maps");

struct {
	MAP_INT(type, MAP_PERCPU_ARRAY);
	MAP_INT(max_entries, 1 << ND_RECENT_BITS);
	MAP_TYPE(key, nd_u32);
	MAP_TYPE(value, struct nd_recent);
} nd_recent SEC(".maps");

/* The tasks that are changing a ruleset now. */
struct {
	MAP_INT(type, MAP_HASH);
	MAP_INT(max_entries, 1024);
	MAP_TYPE(key, nd_u64);
	MAP_TYPE(value, nd_u64);
} nd_changing SEC(".maps");

struct {
	MAP_INT(type, MAP_ARRAY);
	MAP_INT(max_entries, 1);
	MAP_TYPE(key, nd_u32);
	MAP_TYPE(value, struct nd_count_meta);
} nd_meta SEC(".maps");

volatile nd_u64 nd_changes = 0;

const char nd_license[] SEC("license") = "GPL";

#include "types_inside.h"
