/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The SELECTOR: whose drops the user wants. The map nd_selected holds the SELECTOR, and which chain the rules stand in
 * that dropped so far. User space writes the map by mmap(2), and the programs at sites read it (bpf/select.h).
 *
 * The kernel keeps no pointer from a rule to its chain. A program therefore looks the rule's handle up here. If the
 * handle is not here yet, the event goes to user space with ND_FLAG_ASK_CHAIN, and user space decides and adds the
 * handle.
 */
#ifndef NFT_DROPS_BPF_SHARED_SELECT_H
#define NFT_DROPS_BPF_SHARED_SELECT_H

#include "event.h"

#define ND_SELECT_NAME_BYTES 256 /* NFT_NAME_MAXLEN, with the NUL */

enum nd_select_kind {
	ND_SELECT_ALL = 0, /* while the self-test runs */
	ND_SELECT_TABLE = 1,
	ND_SELECT_CHAIN = 2,
	ND_SELECT_RULE = 3,
	ND_SELECT_POLICY = 4, /* of a base chain */
};

/* How many of the selected drops become events. Not looked at while the self-test runs (ND_SELECT_ALL). */
enum nd_select_pace {
	ND_PACE_ALL = 0,
	ND_PACE_NONE = 1, /* no drop is even counted */
	/* The next one. A program at a site then writes ND_PACE_NONE; two processors at the same time may both make an
	 * event. */
	ND_PACE_ONE = 2,
};

/*
 * One rule. User space writes the key once, before `word`, and never changes the key: a handle is not given again in
 * its table, nor a table's handle in its namespace. `word` is written by one store: the generation of the ruleset for
 * which user space decided, times 4, plus enum nd_rule_is. A chain may be renamed, so another generation asks again.
 */
enum nd_rule_is {
	ND_RULE_UNKNOWN = 0,
	ND_RULE_IS_IN_CHAIN = 1,
	ND_RULE_IS_ELSEWHERE = 2,
};
struct nd_rule_place {
	nd_u64 table; /* handle */
	nd_u64 rule;  /* handle */
	nd_u64 netns; /* inode number */
	nd_u64 word;
};

#define ND_RULE_PLACES_BITS 12
#define ND_RULE_PLACES (1 << ND_RULE_PLACES_BITS)
#define ND_RULE_TRIES 8 /* places that a rule may be at, one behind the other */

struct nd_selected {
	nd_u64 kind;        /* enum nd_select_kind; written last */
	nd_u64 pace;        /* enum nd_select_pace */
	nd_u64 handle;      /* ND_SELECT_RULE: the rule's */
	nd_u32 family;      /* NFPROTO_* of the table */
	nd_u32 table_bytes; /* of the names, with the NUL */
	nd_u32 chain_bytes;
	nd_u32 pad;
	char table[ND_SELECT_NAME_BYTES];
	char chain[ND_SELECT_NAME_BYTES]; /* ND_SELECT_CHAIN, ND_SELECT_POLICY */
	struct nd_rule_place places[ND_RULE_PLACES];
};

/* The first of a rule's places. */
static inline nd_u32 nd_rule_slot(nd_u64 table, nd_u64 rule, nd_u64 netns) {
	nd_u64 mixed = (rule + table * 0x100000001b3ULL + netns * 0x2545f4914f6cdd1dULL) * 0x9e3779b97f4a7c15ULL;

	return (nd_u32)(mixed >> (64 - ND_RULE_PLACES_BITS));
}

#endif
