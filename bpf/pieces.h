/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the bytes of a packet lie that are not in its skb's linear part: the value of the map nd_pieces. */
#ifndef NFT_DROPS_BPF_PIECES_H
#define NFT_DROPS_BPF_PIECES_H

#include "shared/event.h"

#define ND_PIECES 64 /* more are not copied: 17 page fragments, and the 45 segments of 64 KB in a list */

struct nd_pieces {
	nd_u32 count;
	nd_u32 most; /* no piece is larger */
	struct nd_piece {
		nd_u64 from; /* kernel address */
		nd_u32 size; /* bytes */
		nd_u32 pad;
	} of[ND_PIECES];
};

#endif
