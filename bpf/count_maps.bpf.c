// SPDX-License-Identifier: GPL-2.0-only
/* The maps of count.bpf.c and its licence; apart from its code as maps.bpf.c is. */
#include "helpers.h"
#include "shared/count.h"

/* Its memory is allocated at once: a drop can happen where none could be had. */
struct {
	MAP_INT(type, MAP_PERCPU_HASH);
	MAP_INT(max_entries, ND_COUNT_MAX_RULES); /* the loader sets the true size */
	MAP_TYPE(key, struct nd_count_key);
	MAP_TYPE(value, struct nd_count);
} nd_counts SEC(".maps");

/* What nd_counts had no room for. */
struct {
	MAP_INT(type, MAP_PERCPU_ARRAY);
	MAP_INT(max_entries, 1);
	MAP_TYPE(key, nd_u32);
	MAP_TYPE(value, struct nd_count);
} nd_unlisted SEC(".maps");

struct {
	MAP_INT(type, MAP_ARRAY);
	MAP_INT(max_entries, 1);
	MAP_TYPE(key, nd_u32);
	MAP_TYPE(value, struct nd_count_meta);
} nd_meta SEC(".maps");

const char nd_license[] SEC("license") = "GPL";

#include "types_inside.h"
