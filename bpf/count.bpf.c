// SPDX-License-Identifier: GPL-2.0-only
/*
 * The probe template that counts: its program reports no event, but adds to figures by rule or policy. jit/compile
 * copies nd_at_site() once for each site of the Plan, puts in this site's constants, and optimises.
 *
 * Every dropped packet pays for every instruction here, and reading kernel memory costs most (more than 100
 * instructions each time). So the program finds out once which rule is at an address, and each processor remembers it
 * (nd_recent) for as long as no other rule can be at that address.
 *
 * Only a change of a ruleset can put something else at an address that packets come by:
 * - Packets come by rules through their chain's array or blob of rules. Only nf_tables_commit() makes an array or blob
 *   that is not empty, and shows it to packets. (Up to 5.16 the rules themselves are made earlier, and shown by it.)
 * - Packets come by base chains through hooks. Only nf_tables_newchain() makes base chains.
 * - The memory of either is given away once no packet can be on its way there any more.
 *
 * Suppose that at a time T the rule at an address drops a packet, and that later another rule at the same address drops
 * another packet. At T the first rule still had the memory. The kernel therefore made the second rule after T: in a
 * call of one of these two functions, or before the commit that showed the second rule to packets. If that call began
 * after T, nd_variables.changes has another value when the later packet's program reads it. If the call was under way
 * at T, nd_variables.changes said so, and the program remembered nothing. T may be any moment while the program runs:
 * the packet keeps the rule's memory for as long. Other ways of taking things away (the end of a namespace, a device
 * that goes, a transaction that fails) make nothing, and show nothing to packets. One exception: a call that began
 * before counting started. It would have to last until a rule of another ruleset was seen here, taken away and freed,
 * and until its own rule got that memory.
 *
 * A processor also forgets a rule's place when the rule's number is taken back: see rule_numbers.h.
 *
 * Both functions are called through pointers, so they are there by their names. kprobes do not watch them: while the
 * program of one kprobe runs, the kernel skips the programs at our sites in interrupts on this processor, and drops
 * would be lost. The kernel skips a program at a function's entry or exit where its task interrupted the very same
 * program; then the other end of that call is still seen, as are both ends of the call that took the former thing away.
 * The sysctl kernel.ftrace_enabled switches these programs off. The readers of the counts look at this sysctl.
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

/* The place of the drop's figures; ND_NO_PLACE: the drop is not to be counted. Not inlined: rare. */
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

		/* Not remembered: later there may be room. */
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
	struct nd_drop drop;
	nd_u64 who, length, changes, tick;
	nd_u32 id, place;

	if (!find_cause(ctx, site, &drop)) return 0;
	if (drop.cause == ND_CAUSE_POLICY) {
		find_base(ctx, site, &drop);
		who = drop.base;
	} else {
		who = locate(ctx, site, &site->rule);
	}
	who += drop.cause;
	length = member(member(locate(ctx, site, &site->pkt), &lay->pkt_skb), &lay->skb_len);
	id = bpf_get_smp_processor_id();
	cpu = bpf_map_lookup_elem(&nd_cpus, &id);
	if (!cpu) {
		struct sighting s = {.who = who, .length = length, .cpu = id};

		find_base(ctx, site, &drop);
		s.base = drop.base;
		s.pkt = locate(ctx, site, &site->pkt);
		return nd_count_late(&s);
	}
	recent = &cpu->recent[who * 0x9e3779b97f4a7c15ULL >> (64 - ND_RECENT_BITS)];
	begin(&cpu->at);
	changes = nd_variables.changes;
	if (recent->who == who && recent->changes == changes) {
		place = (nd_u32)recent->place;
	} else {
		struct sighting s = {.who = who, .changes = changes, .cpu = id, .recent = recent};

		/* Located once more: a known rule's drop then need not keep it in a register. */
		find_base(ctx, site, &drop);
		s.base = drop.base;
		s.pkt = locate(ctx, site, &site->pkt);
		place = (nd_u32)nd_place_of(&s);
	}
	n = add(place, length);
	/* The time to a timer tick is enough, and asking for the time costs much. */
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

/* A process runs this program by BPF_PROG_TEST_RUN. It does what the request says, and one step of rule_numbers.h's
 * work. */
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
