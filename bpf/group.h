/* SPDX-License-Identifier: GPL-2.0-only */
/* The socket of a packet, and whether the socket belongs to a control group, or to one below it. */
#ifndef NFT_DROPS_BPF_GROUP_H
#define NFT_DROPS_BPF_GROUP_H

#include "locate.h"

enum {
	SOCKET_TIME_WAIT = 6, /* TCP_TIME_WAIT: a small socket without a control group */
	SOCKET_REQUEST = 12,  /* TCP_NEW_SYN_RECV: a struct request_sock; its listener's group counts */
	GROUP_LEVELS = 4,     /* so many groups are looked at: the socket's own and the three above it */
};

/*
 * The packet's socket is the one that sends the packet, or, once the kernel has found that socket (early demux), the
 * one that receives the packet. 0: there is none, or none that has an owner and a control group.
 */
static __always_inline nd_u64 full_socket(nd_u64 skb, const struct nd_layout *lay) {
	nd_u64 sk = member(skb, &lay->skb_sk), state;

	if (!sk) return 0;
	state = member(sk, &lay->group.sk_state);
	if (state == SOCKET_TIME_WAIT) return 0;
	return state == SOCKET_REQUEST ? member(sk, &lay->group.sk_listener) : sk;
}

/* `group` is the group's id. */
static __always_inline nd_u8 is_of_group(nd_u64 skb, nd_u64 group, const struct nd_layout *lay) {
	const struct nd_group_layout *g = &lay->group;
	const struct nd_field whole = {.offset = 0, .size = 8};
	nd_u64 sk = full_socket(skb, lay), at;
	nd_u32 level, i;
	nd_u8 found = 0;

	if (!sk) return 0;
	at = member(sk, &g->sk_group);
	if (!at || (at & 1)) return 0; /* up to Linux 5.15, 1: the class of net_cls, and no group */
	level = (nd_u32)member(at, &g->level);
	/*
	 * Unrolled, with as many rounds in each case: of a loop that ends at `level`, the verifier of Linux 6.1 does
	 * not see an end. The root, which stands in for groups above the root, is never the group that is looked for.
	 */
#pragma unroll
	for (i = 0; i < GROUP_LEVELS; i++) {
		nd_u64 slot = 8 * (nd_u64)(i < level ? level - i : 0), id;

		if (g->ancestor_ids.size)
			id = member(at + g->ancestor_ids.offset + slot, &whole);
		else
			id = member(member(member(at + g->ancestors.offset + slot, &whole), &g->node), &g->node_id);
		found |= id == group;
	}
	return found;
}

#endif
