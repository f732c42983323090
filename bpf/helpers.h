/* SPDX-License-Identifier: GPL-2.0-only */
/* What both BPF programs of this folder use: helpers by their numbers in <linux/bpf.h>, and map declarations. */
#ifndef NFT_DROPS_BPF_HELPERS_H
#define NFT_DROPS_BPF_HELPERS_H

#include "shared/event.h"

#define SEC(name) __attribute__((section(name), used))
#define ALWAYS_INLINE static inline __attribute__((always_inline))
/* BPF reads what is not known to be aligned byte by byte. */
#define ALIGNED __attribute__((aligned(8)))
#define HELPER static __attribute__((unused))

HELPER void *(*const bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
HELPER long (*const bpf_map_update_elem)(void *map, const void *key, const void *value, nd_u64 flags) = (void *)2;
HELPER long (*const bpf_map_delete_elem)(void *map, const void *key) = (void *)3;
HELPER nd_u64 (*const bpf_ktime_get_ns)(void) = (void *)5;
HELPER nd_u32 (*const bpf_get_smp_processor_id)(void) = (void *)8;
HELPER nd_u64 (*const bpf_get_current_task)(void) = (void *)35;
HELPER long (*const bpf_probe_read_kernel)(void *dst, nd_u32 size, const void *from) = (void *)113;
HELPER long (*const bpf_probe_read_kernel_str)(void *dst, nd_u32 size, const void *from) = (void *)115;
HELPER nd_u64 (*const bpf_jiffies64)(void) = (void *)118;
HELPER void *(*const bpf_ringbuf_reserve)(void *ring, nd_u64 size, nd_u64 flags) = (void *)131;
HELPER void (*const bpf_ringbuf_submit)(void *record, nd_u64 flags) = (void *)132;

/* BTF-defined maps, in libbpf's notation. */
#define MAP_INT(name, value) int(*name)[value]
#define MAP_TYPE(name, type_) type_ *name
enum {
	MAP_HASH = 1,
	MAP_ARRAY = 2,
	MAP_PERCPU_HASH = 5,
	MAP_PERCPU_ARRAY = 6,
	MAP_RINGBUF = 27
}; /* enum bpf_map_type */

/*
 * `n` if it is at most `most`, else 0. The compiler must not see through it: it would test n - 1 in place of n, and the
 * verifier would lose sight of n.
 */
ALWAYS_INLINE nd_u64 at_most(nd_u64 n, nd_u64 most) {
	if (n > most) n = 0;
	asm volatile("" : "+r"(n));
	return n;
}

#endif
