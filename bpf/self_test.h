/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether a network namespace is a self-test's: see bpf/shared/self_test.h. `ignored`: the probe's map nd_ignored. */
#ifndef NFT_DROPS_BPF_SELF_TEST_H
#define NFT_DROPS_BPF_SELF_TEST_H

#include "helpers.h"
#include "shared/self_test.h"

static __always_inline int is_self_test(void *ignored, nd_u64 cookie) {
	nd_u32 slot = nd_ignored_slot(cookie);
	const volatile nd_u64 *there = bpf_map_lookup_elem(ignored, &slot);

	return cookie && there && *there == cookie;
}

#endif
