/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every program at a site first finds the rule, the packet and the base chain, and reads their members. All probe
 * templates use these functions: probe.bpf.c, which reports drops, count.bpf.c, which counts drops by rule, and
 * flows.bpf.c, which counts drops by flow.
 */
#ifndef NFT_DROPS_BPF_LOCATE_H
#define NFT_DROPS_BPF_LOCATE_H

#include "helpers.h"
#include "shared/site.h"

/* jit/compile makes constants of these two before the kernel loads the program. */
extern const struct nd_layout nd_the_layout;
extern const struct nd_site nd_the_site;

enum {
	VERDICT_MASK = 0xff,   /* NF_VERDICT_MASK */
	VERDICT_DROP = 0,      /* NF_DROP */
	VERDICT_CONTINUE = -1, /* NFT_CONTINUE */
	VERDICT_JUMP = -3,     /* NFT_JUMP */
	VERDICT_RETURN = -5,   /* NFT_RETURN */
};

/*
 * OF_SITE marks a function named nd_of_site_*(ctx, ...), which jit/compile copies for each site of a program. A program
 * calls the function with its own context as the first argument. Where the context is of none of the sites, the
 * function of the same type named nd_of_no_site_*() runs in place of a copy; without such a function the call gives 0.
 */
#define OF_SITE __attribute__((noinline))
#define OF_NO_SITE __attribute__((noinline, used))

typedef nd_u16 __attribute__((may_alias)) any_u16;
typedef nd_u32 __attribute__((may_alias)) any_u32;
typedef nd_u64 __attribute__((may_alias)) any_u64;

/*
 * Not 0: the program loads kernel memory through direct(). 0: the program calls bpf_probe_read_kernel(), which costs
 * about 100 instructions. Both give zeroes for memory that cannot be read (also at NULL), so no caller checks for
 * errors.
 */
static __always_inline int can_load(void) {
#ifdef ND_LOADS /* the build knows: see objects.h */
	return ND_LOADS;
#else
	return nd_the_layout.cast.function != 0;
#endif
}

/*
 * Returns `value`, and hides from the compiler that a load made it. The compiler would otherwise merge the loads of two
 * branches into one, and the verifier refuses one load instruction that reads two kinds of memory.
 */
static __always_inline nd_u64 loaded(nd_u64 value) {
	if (can_load()) barrier_var(value);
	return value;
}

/* Volatile: the kernel may change this memory at any time, so the program loads it exactly once. */
static __always_inline nd_u64 load(const char *from, nd_u32 size) {
	switch (size) {
	case 1:
		return loaded(*(const volatile nd_u8 *)from);
	case 2:
		return loaded(*(const volatile any_u16 *)from);
	case 4:
		return loaded(*(const volatile any_u32 *)from);
	default:
		return loaded(*(const volatile any_u64 *)from);
	}
}

/*
 * A pointer through which the program may load up to nd_cast.size bytes at `address`. The verifier replaces the call by
 * a move, and makes each load safe by an exception table entry.
 */
static __always_inline const char *direct(nd_u64 address) {
	const struct nd_cast *how = &nd_the_layout.cast;
	const char *(*const cast)(nd_u64 address, nd_u32 type) = (void *)(nd_u64)(ND_KERNEL_FUNCTION + how->function);

	return cast(address - how->offset, how->type) + how->offset;
}

static __always_inline nd_u64 read_memory(nd_u64 address, nd_u32 size) {
	nd_u64 value = 0;

	if (can_load()) return load(direct(address), size);
	/* Works on little-endian machines only: the first `size` bytes are the low ones. */
	bpf_probe_read_kernel(&value, size, (void *)address);
	return value;
}

static __always_inline nd_u64 in_register(void *ctx, nd_u32 offset) {
	return loaded(*(volatile nd_u64 *)((char *)ctx + offset));
}

static __always_inline nd_u64 locate(void *ctx, const struct nd_site *site, const struct nd_locator *at) {
	nd_u64 value = 0;

	if (at->where == ND_WHERE_REGISTER || at->where == ND_WHERE_AT_REGISTER)
		value = in_register(ctx, (nd_u32)at->offset);
	if (at->where == ND_WHERE_STACK || at->where == ND_WHERE_AT_STACK)
		value = read_memory(in_register(ctx, site->stack_pointer) + (nd_u64)(long long)at->offset,
		                    sizeof(value));
	if (at->where == ND_WHERE_AT_REGISTER || at->where == ND_WHERE_AT_STACK)
		value = read_memory(value, sizeof(value));
	return value;
}

static __always_inline nd_u64 bits_of(nd_u64 value, const struct nd_field *f) {
	return f->bits ? (value >> f->shift) & ((1ULL << f->bits) - 1) : value;
}

/* A member of the structure at `base`; 0 if the structure has no such member in this kernel. */
static __always_inline nd_u64 member(nd_u64 base, const struct nd_field *f) {
	if (!f->size) return 0;
	return bits_of(read_memory(base + (nd_u64)(short)f->offset, f->size), f);
}

/* The address at which a namespace keeps the generation of its ruleset; 0 if it is not known. */
static __always_inline nd_u64 find_generation(nd_u64 net, const struct nd_layout *lay) {
	if (lay->net_base_seq.size) return net + lay->net_base_seq.offset;
	if (lay->pernet_base_seq.size) {
		const struct nd_field slot = {.offset = 0, .size = 8};
		nd_u64 gen = member(net, &lay->net_gen);
		nd_u64 pernet = member(gen + 8 * (nd_u64)lay->pernet_id, &slot);

		return pernet ? pernet + lay->pernet_base_seq.offset : 0;
	}
	return 0;
}

/* A structure in kernel memory whose members are loaded one by one, all through one pointer if can_load(). */
struct object {
	nd_u64 at;
	const char *bytes; /* of direct(at); 0 if the program cannot load */
};

static __always_inline struct object object_at(nd_u64 address) {
	return (struct object){.at = address, .bytes = can_load() ? direct(address) : 0};
}

/* `size` bytes at `offset`. */
static __always_inline nd_u64 bytes_of(const struct object *o, int offset, nd_u32 size) {
	if (can_load() && offset >= 0 && offset + size <= nd_the_layout.cast.size) return load(o->bytes + offset, size);
	return read_memory(o->at + (nd_u64)(long long)offset, size);
}

/* The same as member(). */
static __always_inline nd_u64 member_of(const struct object *o, const struct nd_field *f) {
	if (!f->size) return 0;
	return bits_of(bytes_of(o, (short)f->offset, f->size), f);
}

/* Whether 8 bytes of a structure, from offset `begin` on, hold the member `f`. */
static __always_inline int is_in_window(int begin, const struct nd_field *f) {
	const int at = (short)f->offset;

	return f->size && at >= begin && at + f->size <= begin + 8;
}

/* The member `f` of a structure. `window` holds 8 bytes of the structure, from offset `begin` on. */
static __always_inline nd_u64 in_window(nd_u64 window, int begin, const struct nd_field *f) {
	const nd_u64 value = window >> (8 * ((short)f->offset - begin));

	return bits_of(f->size < 8 ? value & ((1ULL << (8 * f->size)) - 1) : value, f);
}

/* Two members, by one load of 8 bytes if these hold both. */
static __always_inline void two_members(const struct object *o, const struct nd_field *f, const struct nd_field *g,
                                        nd_u64 *of_f, nd_u64 *of_g) {
	const int f_at = (short)f->offset, g_at = (short)g->offset;
	const int begin = f_at < g_at ? f_at : g_at;

	if (is_in_window(begin, f) && is_in_window(begin, g)) {
		const nd_u64 window = bytes_of(o, begin, 8);

		*of_f = in_window(window, begin, f);
		*of_g = in_window(window, begin, g);
	} else {
		*of_f = member_of(o, f);
		*of_g = member_of(o, g);
	}
}

/*
 * A structure in kernel memory, with a copy of its block (nd_block). The bytes are a separate object: their address is
 * passed to a helper, and the compiler must keep the other members as constants.
 */
struct view {
	nd_u64 base;
	const struct nd_block *block;
	const char *bytes;
};

/* Reads the block of the structure at `base` into `bytes`, which has room for block->size bytes. */
static __always_inline struct view read_struct(nd_u64 base, const struct nd_block *block, char *bytes) {
	struct view v = {.base = base, .block = block, .bytes = bytes};

	if (block->size && can_load())
		v.bytes = direct(base + block->offset);
	else if (block->size)
		bpf_probe_read_kernel(bytes, block->size, (void *)(base + block->offset));
	return v;
}

/* The same as member(), taken from the block if the member lies in it. */
static __always_inline nd_u64 field(const struct view *v, const struct nd_field *f) {
	if (!f->size) return 0;
	if (!v->block->size || f->offset < v->block->offset || f->offset + f->size > v->block->offset + v->block->size)
		return member(v->base, f);
	return bits_of(load(v->bytes + (f->offset - v->block->offset), f->size), f);
}

/* Tells the kind of drop by the verdict code, which the last expression left in regs.verdict. */
static __always_inline nd_u8 cause_of(const struct nd_site *site, nd_u32 verdict) {
	if (site->cause) return (nd_u8)site->cause;
	if (verdict == (nd_u32)VERDICT_CONTINUE || verdict == (nd_u32)VERDICT_RETURN) return ND_CAUSE_POLICY;
	if (verdict == (nd_u32)VERDICT_JUMP) return ND_CAUSE_JUMP_LIMIT;
	return ND_CAUSE_RULE;
}

/*
 * The stack window: the part of nft_do_chain's stack that one call reads, because two or more locators point into it.
 */
struct stack_window {
	int begin, end;
	int facts; /* how many locators point into it; 0: there is no stack window */
};
#define STACK_WINDOW_BYTES 64 /* reading more costs about as much as two calls; the BPF stack has 512 bytes */

/* Whether `at` may lie in a stack window. The verifier refuses unaligned loads from the BPF stack. */
static __always_inline int is_slot(const struct nd_locator *at, int size) {
	return (at->where == ND_WHERE_STACK || at->where == ND_WHERE_AT_STACK) && !(at->offset & (size - 1));
}

/* `s`, made larger so that it holds `at`. */
static __always_inline struct stack_window extended(struct stack_window s, const struct nd_locator *at, int size) {
	if (!is_slot(at, size)) return s;
	if (!s.facts || at->offset < s.begin) s.begin = at->offset & ~7;
	if (!s.facts || at->offset + size > s.end) s.end = at->offset + size;
	s.facts++;
	return s;
}

/* Holds what find_drop() reads of every drop. is_dropped() has read the rest already. */
static __always_inline struct stack_window stack_window_of(const struct nd_site *site) {
	struct stack_window s = {.begin = 0, .end = 0, .facts = 0};

	if (can_load()) return s;
	if (site->test != ND_TEST_VERDICT && nd_site_reads_verdict(site)) s = extended(s, &site->verdict, 4);
	if (site->test != ND_TEST_POLICY) s = extended(s, &site->base, 8);
	s = extended(s, &site->rule, 8);
	s = extended(s, &site->pkt, 8);
	if (s.facts < 2 || s.end - s.begin > STACK_WINDOW_BYTES) s.facts = 0;
	return s;
}

/* The same as locate(), taken from `bytes`, the content of the stack window, if the value lies in it. */
static __always_inline nd_u64 pick(void *ctx, const struct nd_site *site, const struct nd_locator *at, int size,
                                   struct stack_window s, const char *bytes) {
	nd_u64 value;

	if (!s.facts || !is_slot(at, size)) return locate(ctx, site, at);
	value = load(bytes + (at->offset - s.begin), (nd_u32)size);
	return at->where == ND_WHERE_AT_STACK ? read_memory(value, sizeof(value)) : value;
}

/* 0 if the packet at this site is not dropped. Fills in only the members that the decision needs. */
static __always_inline int is_dropped(void *ctx, const struct nd_site *site, struct nd_drop *d) {
	d->verdict = 0;
	if (site->test == ND_TEST_RETURN && ((nd_u32)locate(ctx, site, &site->retval) & VERDICT_MASK) != VERDICT_DROP)
		return 0;
	if (site->test == ND_TEST_VERDICT) {
		d->verdict = (nd_u32)locate(ctx, site, &site->verdict);
		if ((d->verdict & VERDICT_MASK) != VERDICT_DROP) return 0;
	}
	if (site->test == ND_TEST_POLICY) {
		d->base = locate(ctx, site, &site->base);
		if (member(d->base, &nd_the_layout.base_policy) != VERDICT_DROP) return 0;
	}
	return 1;
}

/* The same as is_dropped(); also fills in verdict and cause. */
static __always_inline int find_cause(void *ctx, const struct nd_site *site, struct nd_drop *d) {
	if (!is_dropped(ctx, site, d)) return 0;
	if (site->test != ND_TEST_VERDICT && nd_site_reads_verdict(site))
		d->verdict = (nd_u32)locate(ctx, site, &site->verdict);
	d->cause = cause_of(site, d->verdict);
	return 1;
}

/* Fills in `base`. Call it after find_cause(). */
static __always_inline void find_base(void *ctx, const struct nd_site *site, struct nd_drop *d) {
	if (site->test != ND_TEST_POLICY) d->base = locate(ctx, site, &site->base);
}

/* Fills in all of `d`. 0 if the packet at this site is not dropped. */
static __always_inline int find_drop(void *ctx, const struct nd_site *site, struct nd_drop *d) {
	struct stack_window s = stack_window_of(site);
	char bytes[STACK_WINDOW_BYTES] ALIGNED;

	if (!is_dropped(ctx, site, d)) return 0;
	if (s.facts)
		bpf_probe_read_kernel(bytes, (nd_u32)(s.end - s.begin),
		                      (void *)(in_register(ctx, site->stack_pointer) + (nd_u64)(long long)s.begin));
	if (site->test != ND_TEST_VERDICT && nd_site_reads_verdict(site))
		d->verdict = (nd_u32)pick(ctx, site, &site->verdict, 4, s, bytes);
	if (site->test != ND_TEST_POLICY) d->base = pick(ctx, site, &site->base, 8, s, bytes);
	d->cause = cause_of(site, d->verdict);
	d->rule = d->cause != ND_CAUSE_POLICY ? pick(ctx, site, &site->rule, 8, s, bytes) : 0;
	d->pkt = pick(ctx, site, &site->pkt, 8, s, bytes);
	return 1;
}

#endif
