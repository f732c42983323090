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

ALWAYS_INLINE nd_u64 locate(void *ctx, const struct nd_site *site, const struct nd_locator *at) {
	nd_u64 value = 0;

	if (at->where == ND_WHERE_REGISTER || at->where == ND_WHERE_AT_REGISTER)
		value = *(volatile nd_u64 *)((char *)ctx + at->offset);
	if (at->where == ND_WHERE_STACK || at->where == ND_WHERE_AT_STACK) {
		nd_u64 sp = *(volatile nd_u64 *)((char *)ctx + site->stack_pointer);
		bpf_probe_read_kernel(&value, sizeof(value), (void *)(sp + (nd_u64)(long long)at->offset));
	}
	if (at->where == ND_WHERE_AT_REGISTER || at->where == ND_WHERE_AT_STACK)
		bpf_probe_read_kernel(&value, sizeof(value), (void *)value);
	return value;
}

/*
 * A member of the structure at `base`; 0 where this kernel has none or the address is bad (NULL too):
 * bpf_probe_read_kernel() fills with zeroes what it cannot read, so nobody needs to look at what it returns.
 */
ALWAYS_INLINE nd_u64 member(nd_u64 base, const struct nd_field *f) {
	nd_u64 value = 0;

	if (!f->size) return 0;
	/* Little-endian machines only: the first `size` bytes are the low ones. */
	bpf_probe_read_kernel(&value, f->size, (void *)(base + (nd_u64)(short)f->offset));
	if (f->bits) value = (value >> f->shift) & ((1ULL << f->bits) - 1);
	return value;
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

ALWAYS_INLINE struct view look_at(nd_u64 base, const struct nd_block *block, char *bytes) {
	struct view v = {.base = base, .block = block, .bytes = bytes};

	if (block->size) bpf_probe_read_kernel(bytes, block->size, (void *)(base + block->offset));
	return v;
}

/* member() out of a block. */
ALWAYS_INLINE nd_u64 seen(const struct view *v, const struct nd_field *f) {
	nd_u64 value = 0;

	if (!f->size) return 0;
	if (!v->block->size || f->offset < v->block->offset || f->offset + f->size > v->block->offset + v->block->size)
		return member(v->base, f);
	__builtin_memcpy(&value, v->bytes + (f->offset - v->block->offset), f->size);
	if (f->bits) value = (value >> f->shift) & ((1ULL << f->bits) - 1);
	return value;
}

/* Which of the three kinds of drop this is. The verdict code is what the last expression left behind. */
ALWAYS_INLINE nd_u8 cause_of(const struct nd_site *site, nd_u32 verdict) {
	if (site->cause) return (nd_u8)site->cause;
	if (verdict == (nd_u32)VERDICT_CONTINUE || verdict == (nd_u32)VERDICT_RETURN) return ND_CAUSE_POLICY;
	if (verdict == (nd_u32)VERDICT_JUMP) return ND_CAUSE_JUMP_LIMIT;
	return ND_CAUSE_RULE;
}

/* Who dropped a packet, as it is found at a site. */
struct drop {
	nd_u64 base; /* struct nft_chain * */
	nd_u64 rule; /* struct nft_rule(_dp) *; 0 where the policy dropped */
	nd_u32 verdict;
	nd_u8 cause; /* enum nd_cause */
};

/* 0 where the packet at this site is not dropped. Tells the cause, and what it took to tell it. */
ALWAYS_INLINE int find_cause(void *ctx, const struct nd_site *site, struct drop *d) {
	if (site->test == ND_TEST_RETURN && ((nd_u32)locate(ctx, site, &site->retval) & VERDICT_MASK) != VERDICT_DROP)
		return 0;
	d->verdict = nd_site_reads_verdict(site) ? (nd_u32)locate(ctx, site, &site->verdict) : 0;
	if (site->test == ND_TEST_VERDICT && (d->verdict & VERDICT_MASK) != VERDICT_DROP) return 0;
	if (site->test == ND_TEST_POLICY) {
		d->base = locate(ctx, site, &site->base);
		if (member(d->base, &nd_the_layout.base_policy) != VERDICT_DROP) return 0;
	}
	d->cause = cause_of(site, d->verdict);
	return 1;
}

/* After find_cause(). */
ALWAYS_INLINE void find_base(void *ctx, const struct nd_site *site, struct drop *d) {
	if (site->test != ND_TEST_POLICY) d->base = locate(ctx, site, &site->base);
}

/* 0 where the packet at this site is not dropped. */
ALWAYS_INLINE int find_drop(void *ctx, const struct nd_site *site, struct drop *d) {
	if (!find_cause(ctx, site, d)) return 0;
	find_base(ctx, site, d);
	d->rule = d->cause != ND_CAUSE_POLICY ? locate(ctx, site, &site->rule) : 0;
	return 1;
}

#endif
