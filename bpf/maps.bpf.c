// SPDX-License-Identifier: GPL-2.0-only
/*
 * The probe's maps, licence and what is watched. Apart from its code, since libbpf knows maps by their debug
 * information (BTF) and the code is quicker to compile at run time without any: the build links the two.
 */
#include "helpers.h"
#include "shared/site.h"

struct {
	MAP_INT(type, MAP_RINGBUF);
	MAP_INT(max_entries, 4096); /* the loader sets the true size */
} nd_events SEC(".maps");

struct {
	MAP_INT(type, MAP_PERCPU_ARRAY);
	MAP_INT(max_entries, 1);
	MAP_TYPE(key, nd_u32);
	MAP_TYPE(value, struct nd_of_cpu);
} nd_here SEC(".maps");

volatile struct nd_watched nd_watched = {0};

const char nd_license[] SEC("license") = "GPL";

#include "types_inside.h"
