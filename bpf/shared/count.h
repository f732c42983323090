/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counts of drops, as bpf/count.bpf.c keeps them and user space reads them. Pinned maps outlive the program that made
 * them: docs/pinned-maps.md describes the same for other readers, and whatever changes here changes ND_COUNT_VERSION.
 */
#ifndef NFT_DROPS_BPF_SHARED_COUNT_H
#define NFT_DROPS_BPF_SHARED_COUNT_H

#include "event.h"

#define ND_COUNT_MAGIC 0x73706f726474666eULL /* "nftdrops" */
#define ND_COUNT_VERSION 3
#define ND_COUNT_MAX_RULES 65536

/*
 * Who dropped. A namespace's cookie is never given again; a table's handle not again in its namespace, a rule's or
 * chain's not again in its table. None of the three is 0.
 */
struct nd_count_key {
	nd_u64 netns;   /* cookie of the network namespace (SO_NETNS_COOKIE) */
	nd_u64 table;   /* handle of the table */
	nd_u64 culprit; /* handle of the rule, for ND_CAUSE_POLICY of the base chain, times 256, plus enum nd_cause */
};

enum nd_rule_state {
	ND_RULE_FREE = 0,
	ND_RULE_USED = 1,    /* it counts for `key` */
	ND_RULE_RETIRED = 2, /* `key` is deleted: this number is given to another one soon */
	ND_RULE_STRAY = 3,   /* no key has this number, and it is not among the free ones yet */
};

/*
 * Element n of "rules" is a rule or policy that dropped; number n names it in "counts". The figures in "counts" are not
 * set to 0 when a number gets another owner: what the present owner dropped is their sum minus start_*. Element 0 is
 * not used: number 0 in "counts" is for drops of rules that had no room here.
 */
struct nd_rule {
	struct nd_count_key key; /* one member is 0: the element is being given away, and no reader may use it */
	nd_u64 table_at;         /* address of its struct nft_table */
	nd_u64 start_packets;
	nd_u64 start_bytes;
	nd_u32 state; /* enum nd_rule_state */
	nd_u32 next;  /* in a list of retired ones; 0: the last */
};

/*
 * Figures of number n from the processors of one lane, at lane * (capacity + 1) + n in "counts". Processor c adds to
 * lane c % lanes, atomically. They never decrease.
 */
struct nd_count {
	nd_u64 packets;
	nd_u64 bytes;   /* as nft's own counter counts them (skb->len) */
	nd_u64 last_ns; /* CLOCK_BOOTTIME of the last one, or of an earlier one in the same timer tick */
};
#define ND_LANES 8 /* at most; a power of two */

/*
 * How many numbers "rules" has so that `max_rules` rules may drop at once. The others are for rules that are deleted,
 * while the programs do not know it yet: twice as many, but no more than 8,192 or a quarter of `max_rules`.
 */
static inline nd_u32 nd_capacity(nd_u32 max_rules) {
	nd_u32 more = 2 * max_rules;

	if (more > 8192) more = max_rules / 4 > 8192 ? max_rules / 4 : 8192;
	return max_rules + more;
}

/*
 * A processor remembers the place in "counts" of a rule or policy by its address. The next drop by this rule or policy
 * then reads no kernel memory to find out who dropped. A place stays valid as long as nd_variables.changes is the same:
 * see count.bpf.c.
 */
#define ND_RECENT_BITS 9
struct nd_recent {
	nd_u64 who;     /* address of the rule or base chain, with the cause in its lowest bits; 0: none */
	nd_u64 changes; /* nd_variables.changes then */
	nd_u64 place;
	nd_u64 tick; /* the timer tick when last_ns was set; 0: the next drop sets last_ns */
};
#define ND_NO_PLACE 0xffffffffULL /* not counted: the drop is a self-test's */

/* Whether a program at a site runs on a processor, and may have a place in "counts" that it will add to. */
struct nd_running {
	nd_u64 running; /* 0: none runs */
};

struct nd_cpu {
	struct nd_recent recent[1 << ND_RECENT_BITS];
	struct nd_running at;
};

/*
 * The way of numbers from deleted rules to new ones: see bpf/rule_numbers.h. The only element of "state"; all of it but
 * now_ns is written by the holder of "lock".
 */
enum nd_stage {
	ND_STAGE_WAITING = 0, /* for the end of the programs that may add to the numbers of the list `waiting` */
	ND_STAGE_QUIET = 1,   /* the programs have ended; all processors will see their stores soon */
};
struct nd_count_state {
	nd_u64 now_ns; /* CLOCK_BOOTTIME, of the last run of the program "tidy" */
	nd_u64 since;  /* CLOCK_MONOTONIC at which the present stage began */
	nd_u32 cpu;    /* the processors below it were seen not running in this stage */
	nd_u32 pad;
	nd_u32 stage;   /* enum nd_stage */
	nd_u32 hand;    /* the number whose table was looked at last */
	nd_u32 open;    /* the first retired number that does not wait yet; 0: none */
	nd_u32 waiting; /* the first one that waits; 0: none */
};

/* The context of the program "tidy". It always sets now_ns, and takes a step on that way. */
struct nd_tidy_request {
	nd_u64 number; /* retire this number if it still counts for the key; 0: none */
	struct nd_count_key key;
	nd_u64 fill_from, fill_to; /* numbers to give out for the first time, the highest first; 0: none */
};
#define ND_FILL 256 /* at most so many by one run */

/* Variables of the programs. */
struct nd_count_variables {
	nd_u64 changes;
	nd_u64 stride;    /* capacity + 1 */
	nd_u64 lane_mask; /* lanes - 1 */
	nd_u64 pending;   /* not 0: numbers are on their way */
};

/*
 * nd_count_variables.changes: the low bits (ND_CHANGING) are the number of changes of rulesets that are under way; the
 * others count how often a change began or ended, or a number was retired. Where the kernel's functions that change
 * rulesets cannot be watched, one change never ends.
 */
#define ND_CHANGE (1ULL << 20)
#define ND_CHANGING (ND_CHANGE - 1)

/* The only element of the array "meta"; all zero until everything else is there. */
struct nd_count_meta {
	nd_u64 magic;
	nd_u32 version;
	nd_u32 size;      /* of this structure */
	nd_u64 since_ns;  /* CLOCK_BOOTTIME */
	nd_u64 plan;      /* a hash of everything that the programs were made of */
	nd_u64 module;    /* inode number of /sys/module/nf_tables: another one after nf_tables was loaded anew */
	nd_u32 sites;     /* links "link_0", programs "prog_0" and so on */
	nd_u32 max_rules; /* room for so many rules that drop at once */
	char program[32]; /* version of nft-drops, NUL-terminated */
	char release[64]; /* of the kernel, NUL-terminated */
	char places[256]; /* of the sites, in words, NUL-terminated */
	nd_u64 guards;    /* links "guard_0" and so on: of what sees changes of the ruleset */
	nd_u32 capacity;  /* numbers in "rules": 1 to capacity */
	nd_u32 lanes;     /* of "counts" */
};

#endif
