/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counts of drops, as bpf/count.bpf.c keeps them and user space reads them. Pinned maps outlive the program that made
 * them: docs/pinned-maps.md describes the same for other readers, and whatever changes here changes ND_COUNT_VERSION.
 */
#ifndef NFT_DROPS_BPF_SHARED_COUNT_H
#define NFT_DROPS_BPF_SHARED_COUNT_H

#include "event.h"

#define ND_COUNT_MAGIC 0x73706f726474666eULL /* "nftdrops" */
#define ND_COUNT_VERSION 2
#define ND_COUNT_MAX_RULES 65536

/*
 * Who dropped. A namespace's cookie is never given again; a table's handle not again in its namespace, a rule's or
 * chain's not again in its table.
 */
struct nd_count_key {
	nd_u64 netns;   /* cookie of the network namespace (SO_NETNS_COOKIE) */
	nd_u64 table;   /* handle of the table */
	nd_u64 culprit; /* handle of the rule, for ND_CAUSE_POLICY of the base chain, times 256, plus enum nd_cause */
};

/* One for each processor, at the place there that "rules" has for the key. Place 0: drops of keys that had no room. */
struct nd_count {
	nd_u64 packets;
	nd_u64 bytes;   /* as nft's own counter counts them (skb->len) */
	nd_u64 last_ns; /* CLOCK_MONOTONIC of the last one, or of an earlier one in the same timer tick */
};

/*
 * A processor's memory of a culprit's place, so that the next drop by the same one needs no look at who it is. It holds
 * for as long as nd_changes stays what it was: see count.bpf.c.
 */
#define ND_RECENT_BITS 9
struct nd_recent {
	nd_u64 who;     /* address of the rule or base chain, with the cause in its lowest bits; 0: none */
	nd_u64 changes; /* nd_changes then */
	nd_u64 place;
	nd_u64 tick; /* when last_ns was set; 0: it is to be set */
};

/*
 * Of nd_changes: how many rulesets are being changed now are its low bits, how often one began or ended to be the
 * others. One change that never ends where the kernel's functions for it cannot be watched.
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
	nd_u32 max_rules; /* room in "rules" */
	char program[32]; /* version of nft-drops, NUL-terminated */
	char release[64]; /* of the kernel, NUL-terminated */
	char places[256]; /* of the sites, in words, NUL-terminated */
	nd_u64 guards;    /* links "guard_0" and so on: of what sees changes of the ruleset */
};

#endif
