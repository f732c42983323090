/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Gives numbers to rules and policies that drop, and takes the numbers of deleted ones back. No process has to run for
 * it. No drop is lost, and none is counted for another rule.
 *
 * Which rules are deleted: nf_tables takes a table out of its list before it frees the table's memory (list_del_rcu()
 * in nf_tables_commit() and __nft_release_table()), and never gives a table's handle again. So a table whose list entry
 * is poisoned, or whose memory holds another handle, is deleted. A live table is never taken for a deleted one. Each
 * first drop of a rule looks at ND_LOOKS numbers in turn. A rule that is deleted from a table that stays leaves no such
 * trace: the process that reads the counts tells the program nd_tidy about it.
 *
 * How a number comes back:
 * 1. "used" becomes "retired" (retire()). The key leaves nd_index, and nd_variables.changes grows, so that no
 *    processor's memory of places (nd_recent) holds any more. A program that begins later cannot get the number.
 * 2. A program that began earlier may still add to the number's figures. Each program at a site says so in
 *    nd_running.running, before it reads nd_variables.changes or looks into nd_index, until it has added. The kernel
 *    runs one program of a kprobe at a time on each processor (bpf_prog_active), so one variable for each processor is
 *    enough. ND_GRACE after step 1 the processors are looked at. A processor that runs no program then cannot get the
 *    number any more. It may have made stores that others do not see yet. Others see a store within a microsecond, also
 *    where a hypervisor stops the processor; ND_GRACE is 5,000 times as long. (Not in timer ticks: after a pause of a
 *    virtual machine many of them come at once.) How long a program is stopped does not matter: its processor is
 *    seen running until the program has ended.
 * 3. When each processor was seen not running, ND_GRACE passes once more, for the stores of the programs that ended.
 *    Nobody adds to the number any more. Its sums are kept as what the next owner starts with, and the number is free.
 */
#ifndef NFT_DROPS_BPF_RULE_NUMBERS_H
#define NFT_DROPS_BPF_RULE_NUMBERS_H

#include "helpers.h"
#include "locate.h"
#include "shared/count.h"

/* bpf/count_maps.bpf.c */
extern char nd_rules;
extern char nd_counts;
extern char nd_index;
extern char nd_free;
extern char nd_cpus;
extern char nd_late;
extern char nd_lock;
extern char nd_state;
extern volatile struct nd_count_variables nd_variables;

enum {
	ADD_ONLY = 1, /* BPF_NOEXIST */
	/* What one step does at most. The kernel's verifier walks all of it at each start, for each site. */
	ND_LOOKS = 8,
	ND_FREED = 8,
	ND_CPUS = 8,
	ND_GRACE = 5000000, /* ns */
	ND_ATTEMPTS = 4,    /* at what fails while another processor holds the map's lock */
	BUSY = -16,         /* -EBUSY */
	EXISTS = -17,       /* -EEXIST */
};
/* LIST_POISON2 of <linux/poison.h>, with and without CONFIG_ILLEGAL_POINTER_VALUE. */
#define ND_POISON 0xdead000000000122ULL
#define ND_BARE_POISON 0x122ULL

static __always_inline int same_key(const struct nd_count_key *a, const struct nd_count_key *b) {
	return a->netns == b->netns && a->table == b->table && a->culprit == b->culprit;
}

static __always_inline void clear_key(struct nd_rule *rule) {
	rule->key.netns = 0;
	rule->key.table = 0;
	rule->key.culprit = 0;
}

static __always_inline struct nd_rule *rule_of(nd_u32 number) {
	return bpf_map_lookup_elem(&nd_rules, &number);
}

static __always_inline struct nd_count_state *take_lock(void) {
	nd_u32 zero = 0;
	nd_u64 one = 1;

	if (bpf_map_update_elem(&nd_lock, &zero, &one, ADD_ONLY)) return 0;
	return bpf_map_lookup_elem(&nd_state, &zero);
}

static __always_inline void give_lock_back(void) {
	nd_u32 zero = 0;

	bpf_map_delete_elem(&nd_lock, &zero);
}

/* A program at a site says that it may have a place: see step 2 above. */
static __always_inline void begin(struct nd_running *at) {
	*(volatile nd_u64 *)&at->running = 1;
}

static __always_inline void end(struct nd_running *at) {
	*(volatile nd_u64 *)&at->running = 0;
}

/*
 * Where a kprobe is a breakpoint, its program runs as in an NMI, and does not wait for a map's lock: the helpers fail
 * with -EBUSY, and do nothing. The other processor holds the lock for a few instructions only.
 */
static __always_inline nd_u32 pop_free(void) {
	nd_u32 number = 0;

#pragma unroll
	for (int i = 0; i < ND_ATTEMPTS; i++) {
		long failed = bpf_map_pop_elem(&nd_free, &number);

		if (!failed) return number;
		if (failed != BUSY) return 0;
	}
	return 0;
}

static __always_inline int push_free(nd_u32 number) {
#pragma unroll
	for (int i = 0; i < ND_ATTEMPTS; i++)
		if (!bpf_map_push_elem(&nd_free, &number, 0)) return 1;
	return 0;
}

/* Under the lock. */
static __always_inline void wait_for_programs(struct nd_count_state *state, nd_u32 number, struct nd_rule *rule) {
	rule->state = ND_RULE_RETIRED;
	rule->next = state->open;
	state->open = number;
	nd_variables.pending = 1;
}

/* Under the lock. */
static __always_inline void retire(struct nd_count_state *state, nd_u32 number, struct nd_rule *rule) {
	struct nd_count_key key = rule->key;

	if (bpf_map_delete_elem(&nd_index, &key)) return;
	__sync_fetch_and_add(&nd_variables.changes, ND_CHANGE);
	wait_for_programs(state, number, rule);
}

static __always_inline int table_is_deleted(const struct nd_rule *rule) {
	const struct nd_layout *lay = &nd_the_layout;
	/* struct list_head is nft_table's first member; next, then prev. */
	const struct nd_field link = {.offset = 8, .size = 8};
	nd_u64 prev = member(rule->table_at, &link);

	return prev == ND_POISON || prev == ND_BARE_POISON ||
	       member(rule->table_at, &lay->table_handle) != rule->key.table;
}

/* Under the lock. */
static __always_inline void look_for_deleted(struct nd_count_state *state) {
	for (nd_u32 i = 0; i < ND_LOOKS; i++) {
		nd_u32 number = state->hand + 1;
		struct nd_rule *rule;

		if (number >= nd_variables.stride) number = 1;
		state->hand = number;
		rule = rule_of(number);
		if (!rule) continue;
		if (rule->state == ND_RULE_STRAY)
			wait_for_programs(state, number, rule);
		else if (rule->state == ND_RULE_USED && table_is_deleted(rule))
			retire(state, number, rule);
	}
}

/* Whether each processor was seen not running since this stage began. A few processors are looked at each time. */
static __always_inline int all_quiet(struct nd_count_state *state) {
	for (nd_u32 i = 0; i < ND_CPUS; i++) {
		nd_u32 id = state->cpu;
		const volatile struct nd_running *late = bpf_map_lookup_elem(&nd_late, &id);
		const volatile struct nd_cpu *cpu = bpf_map_lookup_elem(&nd_cpus, &id);

		if (!late) return 1;
		if (late->running) return 0;
		if (cpu && cpu->at.running) return 0;
		state->cpu = id + 1;
	}
	return 0;
}

/* Makes the first number that waited long enough free. 0: there is none, or nd_free is busy. */
__noinline int nd_free_one(struct nd_count_state *state) {
	nd_u32 number = state->waiting;
	struct nd_rule *rule = number ? rule_of(number) : 0;
	nd_u64 packets = 0, bytes = 0;
	nd_u32 next;

	if (!rule) return 0;
	next = rule->next;
	for (nd_u32 lane = 0; lane < ND_LANES; lane++) {
		nd_u32 place = (nd_u32)(lane * nd_variables.stride + number);
		const volatile struct nd_count *n = bpf_map_lookup_elem(&nd_counts, &place);

		if (!n) break;
		packets += n->packets;
		bytes += n->bytes;
	}
	rule->start_packets = packets;
	rule->start_bytes = bytes;
	clear_key(rule);
	rule->state = ND_RULE_FREE;
	if (!push_free(number)) {
		rule->state = ND_RULE_RETIRED;
		return 0;
	}
	state->waiting = next;
	return 1;
}

/* A step on the way back, under the lock. */
static __always_inline void advance(struct nd_count_state *state) {
	nd_u64 now = bpf_ktime_get_ns();

	if (!state->waiting) {
		if (!state->open) nd_variables.pending = 0;
		state->waiting = state->open;
		state->open = 0;
		state->stage = ND_STAGE_WAITING;
		state->since = now;
		state->cpu = 0;
		return;
	}
	if (now - state->since < ND_GRACE) return;
	if (state->stage == ND_STAGE_WAITING) {
		if (!all_quiet(state)) return;
		state->stage = ND_STAGE_QUIET;
		state->since = now;
		return;
	}
	for (nd_u32 i = 0; i < ND_FREED; i++)
		if (!nd_free_one(state)) break;
}

/*
 * Makes room for new rules: looks for deleted ones if `look` is set, and frees numbers. A processor that comes while
 * another one does so leaves it to the other.
 */
__noinline int nd_make_room(int look) {
	struct nd_count_state *state = take_lock();

	if (!state) return 0;
	if (look) look_for_deleted(state);
	advance(state);
	give_lock_back();
	return 0;
}

/* The number that counts for the key; 0: none does. */
static __always_inline nd_u32 number_of(const struct nd_count_key *key) {
	const nd_u64 *known = bpf_map_lookup_elem(&nd_index, key);
	nd_u32 number = known ? (nd_u32)*known : 0;
	const struct nd_rule *rule = number ? rule_of(number) : 0;

	/* The element may have come to be another key's since it was found. */
	return rule && same_key(&rule->key, key) ? number : 0;
}

/* The same; gives a number where none counts for the key yet. 0: there is no room. */
static __always_inline nd_u32 number_for(const struct nd_count_key *key, nd_u64 table_at) {
	nd_u32 number = number_of(key);
	struct nd_rule *rule;
	nd_u64 value;
	long failed = 0;

	if (number) return number;
	nd_make_room(1);
	number = pop_free();
	rule = number ? rule_of(number) : 0;
	if (!rule) return 0;
	rule->key = *key;
	rule->table_at = table_at;
	value = number;
#pragma unroll
	for (int i = 0; i < ND_ATTEMPTS; i++) {
		failed = bpf_map_update_elem(&nd_index, key, &value, ADD_ONLY);
		if (!failed) {
			rule->state = ND_RULE_USED;
			return number;
		}
		if (failed == EXISTS) break;
	}
	/* Another processor was quicker. */
	clear_key(rule);
	if (!push_free(number)) rule->state = ND_RULE_STRAY;
	return number_of(key);
}

#endif
