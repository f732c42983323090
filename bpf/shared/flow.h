/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Drops by rule and by flow, as bpf/flows.bpf.c sums them up and user space reads them: what `record` and `top` live
 * on. All of it lies in arrays that user space maps (BPF_F_MMAPABLE): reading takes no bpf(2) call on a map, during
 * which the kernel would skip our programs on that processor (bpf_disable_instrumentation()).
 *
 * Regions. Each processor has two regions, one for each half: nd_flow_regions[half * cpus + cpu] says how much of it is
 * in use, its rules are nd_flow_rules[(half * cpus + cpu) * rules ...] and its flows nd_flow_entries[(half * cpus +
 * cpu) * flows ...], in the order in which they were first seen. Nobody but that processor's programs writes there.
 *
 * Epochs. nd_flow_control.epoch is written by user space alone; its lowest bit tells the half that the programs write
 * to. A reader adds 1 to it and waits until every program that may have read the former epoch has ended. A program at a
 * kprobe runs within an RCU read-side section and cannot be preempted (kprobe handlers, trace_call_bpf()), so
 * synchronize_rcu(), which is what membarrier(MEMBARRIER_CMD_GLOBAL) does, is that wait, and the memory barrier, too.
 * The half is then the reader's until it raises the epoch again: it reads, and sets the region's numbers to 0.
 *
 * Nesting. On one processor an interrupt may drop a packet while a program of ours handles the drop of what was
 * interrupted. The kernel skips the inner program and counts it as missed (bpf_prog_active in trace_call_bpf()), so
 * that the inner one never sees the outer one's work half done. The programs do not rely on this for being right: each
 * marks its region busy, and one that finds the mark only adds to `nested`, by an atomic addition. If both ran in
 * different halves (the epoch was raised between the two), they would write to different regions; the index that
 * finds places in them is shared, and the worst that may become of it is a rule or a flow that stands in a region
 * twice. A reader adds up what has the same key anyway, since each processor has its own.
 *
 * No drop is lost by want of room, only its details: a flow without room is in its rule's figures (the rule's packets
 * less those of its flows are the "others"), a rule without room is in the region's `unlisted`.
 */
#ifndef NFT_DROPS_BPF_SHARED_FLOW_H
#define NFT_DROPS_BPF_SHARED_FLOW_H

#include "event.h"

/* The only element of nd_flow_control. Written by user space; sizes are powers of two and never change. */
struct nd_flow_control {
	nd_u64 seed;  /* of the hash, so that nobody can choose packets that collide */
	nd_u32 epoch; /* 0: nothing is counted yet */
	nd_u32 cpus;  /* possible processors */
	nd_u32 rules; /* room for rules in a region */
	nd_u32 flows; /* room for flows in a region */
	nd_u64 netns; /* only drops in the network namespace with this inode number; 0: in all */
};

struct nd_flow_sum {
	nd_u64 packets;
	nd_u64 bytes;    /* skb->len, as nft's own counter counts them */
	nd_u64 first_ns; /* CLOCK_MONOTONIC */
	nd_u64 last_ns;
};

struct nd_flow_region {
	nd_u32 rules; /* in use */
	nd_u32 flows;
	nd_u64 busy;   /* a program is at work here */
	nd_u64 nested; /* drops seen while it was; their rule is not known */
	struct nd_flow_sum unlisted;
	/* With nd_settings.filter; else 0. */
	nd_u64 seen;      /* drops, whether the filter took them or not */
	nd_u64 undecided; /* of these: what decides could not be read; they are in no other figure */
};

/* A rule or policy in one generation of its ruleset, reached from one base chain. */
struct nd_flow_rule_key {
	nd_u64 netns;   /* cookie of the network namespace; its inode number where the kernel has no cookie */
	nd_u64 table;   /* handle */
	nd_u64 culprit; /* handle of the rule, for ND_CAUSE_POLICY of the base chain, times 256, plus enum nd_cause */
	nd_u64 chain;   /* handle of the base chain */
	nd_u64 generation;
};

struct nd_flow_rule {
	struct nd_flow_rule_key key;
	struct nd_flow_sum sum;
	nd_u64 expr_ops; /* as in struct nd_event, of the first drop */
	nd_u32 netns_inode;
	nd_u8 family;
	nd_u8 pf;
	nd_u8 hook;
	nd_u8 flags; /* ND_FLAG_TABLE_CUT, ND_FLAG_CHAIN_CUT */
	char table[ND_NAME_BYTES];
	char base_chain[ND_NAME_BYTES];
};

/* nd_flow_key.kind: what the packet is, by its own bytes. */
enum nd_flow_kind {
	ND_FLOW_OTHER = 0, /* port: its EtherType */
	ND_FLOW_ARP = 1,   /* port: the operation; addresses where it is Ethernet over IPv4 */
	ND_FLOW_IP = 4,
	ND_FLOW_IP6 = 6,
	/*
	 * Added to the others: `port` is known. The destination port of TCP, UDP, UDP-Lite, SCTP and DCCP; of ICMP and
	 * ICMPv6 the type times 256, plus the code. Not known of later fragments and of what ends before.
	 */
	ND_FLOW_PORT = 0x10,
};

/* Compared as six words. */
struct nd_flow_key {
	nd_u32 rule; /* its place in this region */
	nd_u32 iif;  /* ifindex, 0 where there is none */
	nd_u32 oif;
	nd_u16 port;
	nd_u8 protocol;  /* IPPROTO_*, of ip6 behind its extension headers */
	nd_u8 kind;      /* enum nd_flow_kind */
	nd_u64 saddr[2]; /* in network byte order; of ip the first four bytes, the others are 0 */
	nd_u64 daddr[2];
};

struct nd_flow {
	struct nd_flow_key key;
	struct nd_flow_sum sum;
	char iifname[ND_IFNAME_BYTES]; /* when the flow was first seen */
	char oifname[ND_IFNAME_BYTES];
};

/* The index: where in a region something lies. Shared by a processor's two regions; of another epoch means empty. */
struct nd_flow_slot {
	nd_u32 epoch;
	nd_u32 place;
};
#define ND_FLOW_SLOTS 2 /* for each place */
#define ND_FLOW_PROBES 4

/*
 * A processor's memory of a rule's place by addresses, so that the next drop by the same rule needs no look at who it
 * is. See flows.bpf.c for why it holds.
 */
#define ND_FLOW_KNOWN_BITS 9
struct nd_flow_known {
	nd_u64 who;  /* address of the rule or base chain, with the cause in its lowest bits */
	nd_u64 base; /* address of the base chain */
	nd_u64 netns;
	nd_u64 generation_at; /* address of the generation of that namespace's ruleset */
	nd_u64 chain;
	nd_u32 generation;
	nd_u32 epoch;
	nd_u64 place;
};

#ifdef __cplusplus
static_assert(sizeof(nd_flow_key) == 48 && sizeof(nd_flow_rule) == 216 && sizeof(nd_flow) == 112, "no padding");
#else
_Static_assert(sizeof(struct nd_flow_key) == 48, "six words");
#endif

#endif
