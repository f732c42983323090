// SPDX-License-Identifier: GPL-2.0-only
/*
 * The maps of flows.bpf.c and its licence; apart from its code as maps.bpf.c is. The loader sets their true sizes.
 * Plain arrays, so that a look-up is a few instructions without a call.
 */
#include "helpers.h"
#include "ignored_map.h"
#include "shared/flow.h"
#include "shared/match.h"

#define ARRAY(name, type_, flags)                                                                                      \
	struct {                                                                                                       \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                                                      \
		__uint(max_entries, 1);                                                                                \
		__uint(map_flags, flags);                                                                              \
		__type(key, nd_u32);                                                                                   \
		__type(value, type_);                                                                                  \
	} name SEC(".maps")

ARRAY(nd_flow_control, struct nd_flow_control, BPF_F_MMAPABLE);
ARRAY(nd_flow_regions, struct nd_flow_region, BPF_F_MMAPABLE);
ARRAY(nd_flow_rules, struct nd_flow_rule, BPF_F_MMAPABLE);
ARRAY(nd_flow_entries, struct nd_flow, BPF_F_MMAPABLE);
ARRAY(nd_flow_rule_slots, struct nd_flow_slot, 0);
ARRAY(nd_flow_slots, struct nd_flow_slot, 0);
ARRAY(nd_flow_known, struct nd_flow_known, 0);
/* One for each processor, where there is a filter. */
ARRAY(nd_flow_subjects, struct nd_subject, 0);

const char nd_license[] SEC("license") = "GPL";

#include "types_inside.h"
