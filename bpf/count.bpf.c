// SPDX-License-Identifier: GPL-2.0-only
/*
 * The probe in counting mode: no event, only figures by rule or policy. Specialised like probe.bpf.c.
 *
 * Every instruction here is paid by every dropped packet, and most of the cost is that of reading kernel memory (more
 * than 100 instructions each time). So who a culprit is, is found out once, and then known by its address for as long
 * as that cannot have come to be another one's: nd_recent.
 *
 * What is at an address that packets come by can only change where a ruleset does:
 * - Packets come by rules through their chain's array or blob of rules, and nf_tables_commit() alone makes one that is
 *   not empty, and puts it there. (Up to 5.16 rules themselves are made before it, and put there by it.)
 * - Packets come by base chains through hooks; nf_tables_newchain() alone makes base chains.
 * - The memory of either is given away once no packet can be on its way there any more.
 *
 * Say a packet at a time T was dropped by what is at an address, and one later by another thing there. This other thing
 * was made after T, as its memory was still taken at T, inside of one of these functions (or before a commit that put
 * it there). Either that call began after T, and nd_changes is another one; or it was under way at T, and nd_changes
 * said so, and nothing was kept. Other ways of taking things away (the end of a namespace, a device that goes, a
 * transaction that fails) make nothing and put nothing anywhere. A call that began before we watched is the exception:
 * it would have to last until a rule of another ruleset was seen here, taken away and freed, and be given its memory.
 *
 * Both functions are called through pointers, so they are there by their names. They are not watched by kprobes: while
 * one's program runs, the kernel skips those at our sites in interrupts on this processor, and drops would be lost. A
 * program at a function's entry or exit is skipped itself where its task interrupted another one within the very same
 * program; then the other end of that call is still seen, as are both of the call that took the former thing away. All
 * of them can be switched off, by the sysctl kernel.ftrace_enabled: who reads the counts looks at it.
 */
#include "shared/count.h"
#include "locate.h"

/* bpf/count_maps.bpf.c */
extern char nd_rules;
extern char nd_counts;
extern char nd_used;
extern char nd_recent;
extern char nd_changing;
extern volatile nd_u64 nd_changes;

enum { ADD_ONLY = 1 }; /* BPF_NOEXIST */

/* Causes are told apart in the low bits of addresses, which are 0: of structures with 64-bit members. */
#define ND_CAUSE_BITS 7ULL

/* A drop whose culprit is to be found out. */
struct sighting {
	nd_u64 who;
	nd_u64 base;
	nd_u64 pkt;
	nd_u64 changes;
};

/* The place of its figures. Not inlined: rare. */
__noinline nd_u64 nd_place_of(const struct sighting *s, struct nd_recent *recent) {
	/* To the verifier a pointer into the caller's stack is fine here: the function is made static. */
	const struct nd_layout *lay = &nd_the_layout;
	const nd_u64 cause = s->who & ND_CAUSE_BITS;
	const nd_u64 address = s->who - cause;
	struct nd_count_key key;
	nd_u64 none = 0, handle, place;
	nd_u64 *known, *used;
	nd_u32 zero = 0;

	if (cause == ND_CAUSE_POLICY)
		handle = member(address, &lay->chain_handle);
	else
		handle = member(address, &lay->rule_handle);
	key.culprit = handle << 8 | cause;
	key.table = member(member(s->base, &lay->chain_table), &lay->table_handle);
	key.netns = member(member(member(s->pkt, &lay->pkt_state), &lay->state_net), &lay->net_cookie);
	recent->tick = 0;
	known = bpf_map_lookup_elem(&nd_rules, &key);
	if (!known) {
		bpf_map_update_elem(&nd_rules, &key, &none, ADD_ONLY);
		/* There now, by us or by another processor; or there is no room. */
		known = bpf_map_lookup_elem(&nd_rules, &key);
		if (!known) return 0;
	}
	place = *known;
	if (!place) {
		used = bpf_map_lookup_elem(&nd_used, &zero);
		if (!used) return 0;
		place = *used + 1;
		*used = place;
		*known = place;
	}
	if (!(s->changes & ND_CHANGING)) {
		recent->who = s->who;
		recent->changes = s->changes;
		recent->place = place;
	}
	return place;
}

SEC("kprobe")
int nd_at_site(void *ctx) {
	const struct nd_layout *lay = &nd_the_layout;
	const struct nd_site *site = &nd_the_site;
	struct nd_recent *recent;
	struct nd_count *n;
	struct drop drop;
	nd_u64 who, pkt, length, changes, tick;
	nd_u32 at;

	changes = nd_changes;
	if (!find_cause(ctx, site, &drop)) return 0;
	if (drop.cause == ND_CAUSE_POLICY) {
		find_base(ctx, site, &drop);
		who = drop.base;
	} else {
		who = locate(ctx, site, &site->rule);
	}
	who += drop.cause;
	at = (nd_u32)(who * 0x9e3779b97f4a7c15ULL >> (64 - ND_RECENT_BITS));
	recent = bpf_map_lookup_elem(&nd_recent, &at);
	if (!recent) return 0; /* never: for the verifier */
	pkt = locate(ctx, site, &site->pkt);
	length = member(member(pkt, &lay->pkt_skb), &lay->skb_len);
	if (recent->who == who && recent->changes == changes) {
		at = (nd_u32)recent->place;
	} else {
		struct sighting s = {.who = who, .pkt = pkt, .changes = changes};

		find_base(ctx, site, &drop);
		s.base = drop.base;
		at = (nd_u32)nd_place_of(&s, recent);
	}
	n = bpf_map_lookup_elem(&nd_counts, &at);
	if (!n) return 0; /* never, too */
	n->packets += 1;
	n->bytes += length;
	/* A second's fraction is enough for a time, and asking for it is dear. */
	tick = bpf_jiffies64();
	if (recent->tick != tick) {
		recent->tick = tick;
		n->last_ns = bpf_ktime_get_ns();
	}
	return 0;
}

static __always_inline int change_begins(void) {
	nd_u64 task = bpf_get_current_task();
	nd_u64 there = 1;
	nd_u64 more = ND_CHANGE;

	/* There already: its last end was missed, and this one will make up for it. No room: its end will be missed. */
	if (bpf_map_update_elem(&nd_changing, &task, &there, ADD_ONLY) == 0 ||
	    !bpf_map_lookup_elem(&nd_changing, &task))
		more += 1;
	__sync_fetch_and_add(&nd_changes, more);
	return 0;
}

static __always_inline int change_ends(void) {
	nd_u64 task = bpf_get_current_task();
	nd_u64 more = ND_CHANGE;

	if (bpf_map_delete_elem(&nd_changing, &task) == 0) more -= 1;
	__sync_fetch_and_add(&nd_changes, more);
	return 0;
}

/* The entry and exit of what may change a ruleset: jit/count attaches them. */
SEC("fentry")
int nd_commit_begins(void *ctx) {
	(void)ctx;
	return change_begins();
}

SEC("fentry")
int nd_newchain_begins(void *ctx) {
	(void)ctx;
	return change_begins();
}

SEC("fexit")
int nd_commit_ends(void *ctx) {
	(void)ctx;
	return change_ends();
}

SEC("fexit")
int nd_newchain_ends(void *ctx) {
	(void)ctx;
	return change_ends();
}
