/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a probe knows the packets of self-tests, of any nft-drops process and any later version, and shows none of them.
 *
 * A self-test runs in a network namespace of its own. Its process and the owners of probes find each other through the
 * kernel's list of BPF maps, so that nothing is pinned, locked or left behind:
 * - The owner of a probe has an array "nd_ignored" (ND_IGNORED_MAP). The probe ignores the drops in the network
 *   namespaces whose cookies are in it.
 * - A self-test holds a map whose name is ND_SELF_TEST_MAP and its namespace's cookie, in hexadecimal. The map goes
 *   with the process.
 * Each makes its own map first, and then looks for maps of the other kind: whichever comes second sees the first. A
 * cookie is never given again, so an entry that a killed self-test leaves behind hides nothing.
 *
 * Nobody hides drops by it: writing to another's map, and making a map of the self-test's type, takes CAP_BPF.
 */
#ifndef NFT_DROPS_BPF_SHARED_SELF_TEST_H
#define NFT_DROPS_BPF_SHARED_SELF_TEST_H

#include "event.h"

/* BPF_MAP_TYPE_ARRAY, BPF_F_MMAPABLE: u32 -> u64, the cookie at nd_ignored_slot() of itself, 0: none. */
#define ND_IGNORED_MAP "nd_ignored"
#define ND_IGNORED_BITS 9
#define ND_IGNORED_SLOTS (1 << ND_IGNORED_BITS) /* a page */

/* BPF_MAP_TYPE_QUEUE, which takes CAP_BPF to make: nothing is in it. */
#define ND_SELF_TEST_MAP "nd_st_"

/* Two cookies in one slot: the later one wins, and the other self-test may be seen. */
static inline nd_u32 nd_ignored_slot(nd_u64 cookie) {
	return (nd_u32)(cookie * 0x9e3779b97f4a7c15ULL >> (64 - ND_IGNORED_BITS));
}

#endif
