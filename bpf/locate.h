/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every program at a site does first: find rule, packet and base chain, and read their members. Shared by the
 * programs that report drops (probe.bpf.c) and that count them (count.bpf.c).
 */
#ifndef NFT_DROPS_BPF_LOCATE_H
#define NFT_DROPS_BPF_LOCATE_H

#include "helpers.h"
#include "shared/site.h"

/* Constants by the time the kernel sees the program: see jit/compile. */
extern const struct nd_layout nd_the_layout;
extern const struct nd_site nd_the_site;

enum {
	VERDICT_MASK = 0xff,   /* NF_VERDICT_MASK */
	VERDICT_DROP = 0,      /* NF_DROP */
	VERDICT_CONTINUE = -1, /* NFT_CONTINUE */
	VERDICT_JUMP = -3,     /* NFT_JUMP */
	VERDICT_RETURN = -5,   /* NFT_RETURN */
};

typedef nd_u16 __attribute__((may_alias)) any_u16;
typedef nd_u32 __attribute__((may_alias)) any_u32;
typedef nd_u64 __attribute__((may_alias)) any_u64;

/*
 * Kernel memory is read by bpf_probe_read_kernel(), about 100 instructions a call, or, where this is not 0, loaded
 * through direct(). Both give zeroes for what cannot be read (NULL too), so nobody needs to look at what they return.
 */
ALWAYS_INLINE int can_load(void) {
	return nd_the_layout.cast.function != 0;
}

/*
 * A value that was loaded. The compiler must not see that it was: of loads on two branches it would make one, and the
 * verifier refuses a load of two kinds of memory.
 */
ALWAYS_INLINE nd_u64 loaded(nd_u64 value) {
	if (can_load()) asm volatile("" : "+r"(value));
	return value;
}

/* Once, and here: what is loaded may be the kernel's, and change. */
ALWAYS_INLINE nd_u64 load(const char *from, nd_u32 size) {
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

/* What is at `address`, nd_cast.size bytes at most. The kernel makes a move of this call, and guards the loads. */
ALWAYS_INLINE const char *direct(nd_u64 address) {
	const struct nd_cast *how = &nd_the_layout.cast;
	const char *(*const cast)(nd_u64 address, nd_u32 type) = (void *)(nd_u64)(ND_KERNEL_FUNCTION + how->function);

	return cast(address - how->offset, how->type) + how->offset;
}

ALWAYS_INLINE nd_u64 read_memory(nd_u64 address, nd_u32 size) {
	nd_u64 value = 0;

	if (can_load()) return load(direct(address), size);
	/* Little-endian machines only: the first `size` bytes are the low ones. */
	bpf_probe_read_kernel(&value, size, (void *)address);
	return value;
}

ALWAYS_INLINE nd_u64 in_register(void *ctx, nd_u32 offset) {
	return loaded(*(volatile nd_u64 *)((char *)ctx + offset));
}

ALWAYS_INLINE nd_u64 locate(void *ctx, const struct nd_site *site, const struct nd_locator *at) {
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

ALWAYS_INLINE nd_u64 bits_of(nd_u64 value, const struct nd_field *f) {
	return f->bits ? (value >> f->shift) & ((1ULL << f->bits) - 1) : value;
}

/* A member of the structure at `base`; 0 where this kernel has none. */
ALWAYS_INLINE nd_u64 member(nd_u64 base, const struct nd_field *f) {
	if (!f->size) return 0;
	return bits_of(read_memory(base + (nd_u64)(short)f->offset, f->size), f);
}

/*
 * A structure's block, and what is needed to read what lies outside of it. The bytes are apart, since their address
 * goes to a helper: all the rest must stay constants for the compiler.
 */
struct view {
	nd_u64 base;
	const struct nd_block *block;
	const char *bytes;
};

/* `bytes` has room for the block. */
ALWAYS_INLINE struct view look_at(nd_u64 base, const struct nd_block *block, char *bytes) {
	struct view v = {.base = base, .block = block, .bytes = bytes};

	if (block->size && can_load())
		v.bytes = direct(base + block->offset);
	else if (block->size)
		bpf_probe_read_kernel(bytes, block->size, (void *)(base + block->offset));
	return v;
}

/* member() out of a block. */
ALWAYS_INLINE nd_u64 seen(const struct view *v, const struct nd_field *f) {
	if (!f->size) return 0;
	if (!v->block->size || f->offset < v->block->offset || f->offset + f->size > v->block->offset + v->block->size)
		return member(v->base, f);
	return bits_of(load(v->bytes + (f->offset - v->block->offset), f->size), f);
}

/* Which of the three kinds of drop this is. The verdict code is what the last expression left behind. */
ALWAYS_INLINE nd_u8 cause_of(const struct nd_site *site, nd_u32 verdict) {
	if (site->cause) return (nd_u8)site->cause;
	if (verdict == (nd_u32)VERDICT_CONTINUE || verdict == (nd_u32)VERDICT_RETURN) return ND_CAUSE_POLICY;
	if (verdict == (nd_u32)VERDICT_JUMP) return ND_CAUSE_JUMP_LIMIT;
	return ND_CAUSE_RULE;
}

/* The stretch of nft_do_chain's stack that is read at once, because several facts lie in it. */
struct stretch {
	int begin, end;
	int facts; /* 0: there is none */
};
#define STRETCH_BYTES 64 /* a longer one is hardly cheaper than two facts; the BPF stack has 512 bytes */

/* `size` bytes of the fact are wanted. What is not aligned is read by itself: the verifier would refuse it. */
ALWAYS_INLINE int is_slot(const struct nd_locator *at, int size) {
	return (at->where == ND_WHERE_STACK || at->where == ND_WHERE_AT_STACK) && !(at->offset & (size - 1));
}

ALWAYS_INLINE struct stretch with(struct stretch s, const struct nd_locator *at, int size) {
	if (!is_slot(at, size)) return s;
	if (!s.facts || at->offset < s.begin) s.begin = at->offset & ~7;
	if (!s.facts || at->offset + size > s.end) s.end = at->offset + size;
	s.facts++;
	return s;
}

/* What each drop is asked for. What tells a drop from the packets that pass the same instruction comes before. */
ALWAYS_INLINE struct stretch stretch_of(const struct nd_site *site) {
	struct stretch s = {.begin = 0, .end = 0, .facts = 0};

	if (can_load()) return s;
	if (site->test != ND_TEST_VERDICT && nd_site_reads_verdict(site)) s = with(s, &site->verdict, 4);
	if (site->test != ND_TEST_POLICY) s = with(s, &site->base, 8);
	s = with(s, &site->rule, 8);
	s = with(s, &site->pkt, 8);
	if (s.facts < 2 || s.end - s.begin > STRETCH_BYTES) s.facts = 0;
	return s;
}

/* locate(), of what may lie in the stretch. */
ALWAYS_INLINE nd_u64 pick(void *ctx, const struct nd_site *site, const struct nd_locator *at, int size,
                          struct stretch s, const char *bytes) {
	nd_u64 value;

	if (!s.facts || !is_slot(at, size)) return locate(ctx, site, at);
	value = load(bytes + (at->offset - s.begin), (nd_u32)size);
	return at->where == ND_WHERE_AT_STACK ? read_memory(value, sizeof(value)) : value;
}

/* Who dropped a packet, as it is found at a site. */
struct drop {
	nd_u64 pkt;  /* struct nft_pktinfo * */
	nd_u64 base; /* struct nft_chain * */
	nd_u64 rule; /* struct nft_rule(_dp) *; 0 where the policy dropped */
	nd_u32 verdict;
	nd_u8 cause; /* enum nd_cause */
};

/* 0 where the packet at this site is not dropped. Tells what it took to tell. */
ALWAYS_INLINE int is_dropped(void *ctx, const struct nd_site *site, struct drop *d) {
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

/* The same; tells the cause, too. */
ALWAYS_INLINE int find_cause(void *ctx, const struct nd_site *site, struct drop *d) {
	if (!is_dropped(ctx, site, d)) return 0;
	if (site->test != ND_TEST_VERDICT && nd_site_reads_verdict(site))
		d->verdict = (nd_u32)locate(ctx, site, &site->verdict);
	d->cause = cause_of(site, d->verdict);
	return 1;
}

/* After find_cause(). */
ALWAYS_INLINE void find_base(void *ctx, const struct nd_site *site, struct drop *d) {
	if (site->test != ND_TEST_POLICY) d->base = locate(ctx, site, &site->base);
}

/* All of it. 0 where the packet at this site is not dropped. */
ALWAYS_INLINE int find_drop(void *ctx, const struct nd_site *site, struct drop *d) {
	struct stretch s = stretch_of(site);
	char bytes[STRETCH_BYTES] ALIGNED;

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
