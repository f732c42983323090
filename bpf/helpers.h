/* SPDX-License-Identifier: GPL-2.0-only */
/* What every BPF program of this folder includes first: libbpf's macros and helper functions, and two of our own. */
#ifndef NFT_DROPS_BPF_HELPERS_H
#define NFT_DROPS_BPF_HELPERS_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "shared/event.h"

/* BPF loads an object of unknown alignment byte by byte. */
#define ALIGNED __attribute__((aligned(8)))

/*
 * `n` if n is at most `most`, else 0. barrier_var() hides `n` from the compiler, which would otherwise test n - 1 in
 * place of n: the verifier would then not know the limit of n.
 */
static __always_inline nd_u64 at_most(nd_u64 n, nd_u64 most) {
	if (n > most) n = 0;
	barrier_var(n);
	return n;
}

#endif
