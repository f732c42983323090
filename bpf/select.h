/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether the user's SELECTOR takes a drop. See shared/select.h for the map. */
#ifndef NFT_DROPS_BPF_SELECT_H
#define NFT_DROPS_BPF_SELECT_H

#include "locate.h"
#include "shared/select.h"

extern char nd_selected; /* the map */

enum selected {
	SELECTED_NO = 0,
	SELECTED_YES = 1,
	SELECTED_ASK = 2, /* user space decides */
};

/* Whether user space wants an event at all: see enum nd_select_pace. */
static __always_inline int wants_event(void) {
	nd_u32 zero = 0;
	struct nd_selected *s = bpf_map_lookup_elem(&nd_selected, &zero);

	return !s || *(volatile nd_u64 *)&s->pace != ND_PACE_NONE || *(volatile nd_u64 *)&s->kind == ND_SELECT_ALL;
}

/*
 * Called for each event: ends ND_PACE_ONE. A global function, so that the verifier looks at it once, and not again for
 * each way to the event's place in the ring.
 */
__noinline int nd_made_event(void) {
	nd_u32 zero = 0;
	struct nd_selected *s = bpf_map_lookup_elem(&nd_selected, &zero);

	if (s && *(volatile nd_u64 *)&s->pace == ND_PACE_ONE && *(volatile nd_u64 *)&s->kind != ND_SELECT_ALL)
		*(volatile nd_u64 *)&s->pace = ND_PACE_NONE;
	return 0;
}

/* Whether the string in kernel memory is `wanted`, which has `bytes` bytes with its NUL. */
static __noinline int is_name(char *scratch, nd_u64 from, const char *wanted, nd_u32 bytes) {
	nd_u32 i;

	if (bpf_probe_read_kernel_str(scratch, ND_SELECT_NAME_BYTES, (void *)from) != (long)bytes) return 0;
	for (i = 0; i < ND_SELECT_NAME_BYTES; i++) {
		if (i >= bytes) break;
		if (scratch[i] != wanted[i]) return 0;
	}
	return 1;
}

static __always_inline int place_of_rule(struct nd_selected *s, nd_u64 table, nd_u64 rule, nd_u32 netns,
                                         nd_u32 generation) {
	nd_u32 first = nd_rule_slot(table, rule, netns), i;

	for (i = 0; i < ND_RULE_TRIES; i++) {
		struct nd_rule_place *place = &s->places[(first + i) & (ND_RULE_PLACES - 1)];
		nd_u64 word = *(volatile nd_u64 *)&place->word;

		if (!word) break;
		if (place->rule != rule || place->table != table || place->netns != netns) continue;
		if (!generation || word >> 2 != generation) break;
		return (word & 3) == ND_RULE_IS_IN_CHAIN ? SELECTED_YES : SELECTED_NO;
	}
	return SELECTED_ASK;
}

/* A drop: the table, the base chain's name, and the rule that dropped (0: the policy did). */
struct candidate {
	nd_u64 table, chain_name, rule;
	nd_u32 netns, generation;
	nd_u8 cause;
};

static __always_inline int select_drop(const struct candidate *drop, char *scratch, const struct nd_layout *lay) {
	nd_u32 zero = 0;
	struct nd_selected *s = bpf_map_lookup_elem(&nd_selected, &zero);
	nd_u64 kind, handle;

	if (!s) return SELECTED_YES;
	kind = *(volatile nd_u64 *)&s->kind;
	if (kind == ND_SELECT_ALL) return SELECTED_YES;
	if (member(drop->table, &lay->table_family) != s->family) return SELECTED_NO;
	if (!is_name(scratch, member(drop->table, &lay->table_name), s->table, s->table_bytes)) return SELECTED_NO;
	if (kind == ND_SELECT_TABLE) return SELECTED_YES;
	if (kind == ND_SELECT_POLICY && drop->cause != ND_CAUSE_POLICY) return SELECTED_NO;
	if (kind != ND_SELECT_RULE && drop->cause == ND_CAUSE_POLICY)
		return is_name(scratch, drop->chain_name, s->chain, s->chain_bytes) ? SELECTED_YES : SELECTED_NO;
	if (drop->cause == ND_CAUSE_POLICY) return SELECTED_NO;
	handle = member(drop->rule, &lay->rule_handle);
	if (kind == ND_SELECT_RULE) return handle == s->handle ? SELECTED_YES : SELECTED_NO;
	return place_of_rule(s, member(drop->table, &lay->table_handle), handle, drop->netns, drop->generation);
}

#endif
