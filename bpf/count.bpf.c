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
 * it there). Either that call began after T, and nd_variables.changes (nd_changes below) is another one; or it was
 * under way at T, and nd_changes said so, and nothing was kept. Other ways of taking things away (the end of a
 * namespace, a device that goes, a transaction that fails) make nothing and put nothing anywhere. A call that began
 * before we watched is the exception: it would have to last until a rule of another ruleset was seen here, taken away
 * and freed, and be given its memory.
 *
 * Both functions are called through pointers, so they are there by their names. They are not watched by kprobes: while
 * one's program runs, the kernel skips those at our sites in interrupts on this processor, and drops would be lost. A
 * program at a function's entry or exit is skipped itself where its task interrupted another one within the very same
 * program; then the other end of that call is still seen, as are both of the call that took the former thing away. All
 * of them can be switched off, by the sysctl kernel.ftrace_enabled: who reads the counts looks at it.
 */
#include "shared/count.h"
#include "locate.h"
#include "rule_numbers.h"
#include "self_test.h"

/* bpf/count_maps.bpf.c */
extern char nd_changing;
extern char nd_ignored;

/* Causes are told apart in the low bits of addresses, which are 0: of structures with 64-bit members. */
#define ND_CAUSE_BITS 7ULL

/* A drop whose culprit is to be found out. */
struct sighting {
	nd_u64 who; /* as in struct nd_recent */
	nd_u64 base;
	nd_u64 pkt;
	nd_u64 changes;
	nd_u64 length;
	nd_u32 cpu;
	struct nd_recent *recent; /* 0: this processor has none */
};

/* The place of its figures; ND_NO_PLACE: it is not to be counted. Not inlined: rare. */
__noinline nd_u64 nd_place_of(const struct sighting *s) {
	/* To the verifier a pointer into the caller's stack is fine here: the function is made static. */
	const struct nd_layout *lay = &nd_the_layout;
	const nd_u64 cause = s->who & ND_CAUSE_BITS;
	const nd_u64 address = s->who - cause;
	nd_u64 handle, table, place;
	struct nd_count_key key;

	if (cause == ND_CAUSE_POLICY)
		handle = member(address, &lay->chain_handle);
	else
		handle = member(address, &lay->rule_handle);
	table = member(s->base, &lay->chain_table);
	key.culprit = handle << 8 | cause;
	key.table = member(table, &lay->table_handle);
	key.netns = member(member(member(s->pkt, &lay->pkt_state), &lay->state_net), &lay->net_cookie);
	if (s->recent) s->recent->tick = 0;
	place = (s->cpu & nd_variables.lane_mask) * nd_variables.stride;
	if (is_self_test(&nd_ignored, key.netns)) {
		place = ND_NO_PLACE;
	} else if (handle && key.table && key.netns) {
		nd_u32 number = number_for(&key, table);

		/* Later there may be room. */
		if (!number) return place;
		place += number;
	}
	if (s->recent && !(s->changes & ND_CHANGING)) {
		s->recent->who = s->who;
		s->recent->changes = s->changes;
		s->recent->place = place;
	}
	return place;
}

static __always_inline struct nd_count *add(nd_u32 place, nd_u64 length) {
	struct nd_count *n = bpf_map_lookup_elem(&nd_counts, &place);

	if (!n) return 0;
	/* Processors may share a lane. A reader relies on this order: docs/pinned-maps.md. */
	__sync_fetch_and_add(&n->packets, 1);
	__sync_fetch_and_add(&n->bytes, length);
	return n;
}

/* A drop on a processor that came after counting had started: it has no memory of places. */
__noinline int nd_count_late(struct sighting *s) {
	struct nd_running *at = bpf_map_lookup_elem(&nd_late, &s->cpu);
	struct nd_count *n;

	if (!at) return 0; /* never: nd_late has all possible processors */
	begin(at);
	n = add((nd_u32)nd_place_of(s), s->length);
	if (n) n->last_ns = bpf_ktime_get_boot_ns();
	end(at);
	if (nd_variables.pending) nd_make_room(0);
	return 0;
}

SEC("kprobe")
int nd_at_site(void *ctx) {
	const struct nd_layout *lay = &nd_the_layout;
	const struct nd_site *site = &nd_the_site;
	struct nd_recent *recent;
	struct nd_count *n;
	struct nd_cpu *cpu;
	struct drop drop;
	nd_u64 who, pkt, length, changes, tick;
	nd_u32 id, place;

	if (!find_cause(ctx, site, &drop)) return 0;
	if (drop.cause == ND_CAUSE_POLICY) {
		find_base(ctx, site, &drop);
		who = drop.base;
	} else {
		who = locate(ctx, site, &site->rule);
	}
	who += drop.cause;
	pkt = locate(ctx, site, &site->pkt);
	length = member(member(pkt, &lay->pkt_skb), &lay->skb_len);
	id = bpf_get_smp_processor_id();
	cpu = bpf_map_lookup_elem(&nd_cpus, &id);
	if (!cpu) {
		struct sighting s = {.who = who, .pkt = pkt, .length = length, .cpu = id};

		find_base(ctx, site, &drop);
		s.base = drop.base;
		return nd_count_late(&s);
	}
	recent = &cpu->recent[who * 0x9e3779b97f4a7c15ULL >> (64 - ND_RECENT_BITS)];
	begin(&cpu->at);
	changes = nd_variables.changes;
	if (recent->who == who && recent->changes == changes) {
		place = (nd_u32)recent->place;
	} else {
		struct sighting s = {.who = who, .pkt = pkt, .changes = changes, .cpu = id, .recent = recent};

		find_base(ctx, site, &drop);
		s.base = drop.base;
		place = (nd_u32)nd_place_of(&s);
	}
	n = add(place, length);
	/* A second's fraction is enough for a time, and asking for it is dear. */
	tick = bpf_jiffies64();
	if (!n || recent->tick == tick) {
		end(&cpu->at);
		return 0;
	}
	recent->tick = tick;
	n->last_ns = bpf_ktime_get_boot_ns();
	end(&cpu->at);
	if (nd_variables.pending) nd_make_room(0);
	return 0;
}

/* What a process asks for, and what else is to be done at times: see bpf/rule_numbers.h. By BPF_PROG_TEST_RUN. */
SEC("raw_tp")
int nd_tidy(const struct nd_tidy_request *request) {
	const struct nd_count_key key = request->key;
	nd_u32 number = (nd_u32)request->number, zero = 0, last = (nd_u32)request->fill_to;
	nd_u32 count = last - (nd_u32)request->fill_from + 1;
	struct nd_count_state *state = bpf_map_lookup_elem(&nd_state, &zero);
	struct nd_rule *rule;

	if (!state) return 1;
	state->now_ns = bpf_ktime_get_boot_ns();
	for (nd_u32 i = 0; i < ND_FILL && last; i++) {
		nd_u32 one = last - i;

		if (i >= count) break;
		if (bpf_map_push_elem(&nd_free, &one, 0)) return 2;
	}
	state = take_lock();
	if (!state) return 3;
	rule = number ? rule_of(number) : 0;
	if (rule && rule->state == ND_RULE_USED && same_key(&rule->key, &key)) retire(state, number, rule);
	look_for_deleted(state);
	advance(state);
	give_lock_back();
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
	__sync_fetch_and_add(&nd_variables.changes, more);
	return 0;
}

static __always_inline int change_ends(void) {
	nd_u64 task = bpf_get_current_task();
	nd_u64 more = ND_CHANGE;

	if (bpf_map_delete_elem(&nd_changing, &task) == 0) more -= 1;
	__sync_fetch_and_add(&nd_variables.changes, more);
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
