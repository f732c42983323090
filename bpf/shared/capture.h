/* SPDX-License-Identifier: GPL-2.0-only */
/* A dropped packet's own bytes, as they follow its event in the ring, and what the probe works with to copy them. */
#ifndef NFT_DROPS_BPF_SHARED_CAPTURE_H
#define NFT_DROPS_BPF_SHARED_CAPTURE_H

#include "details.h"

/*
 * The packet's own bytes, where they were asked for (nd_settings.snaplen): in order, from the link header's first one
 * on. A VLAN tag that the kernel keeps beside the packet is not among them.
 */
#define ND_SNAPLEN_MOST 262144
struct nd_capture {
	nd_u32 kept;       /* valid bytes in bytes[], at most nd_settings.snaplen */
	nd_u32 link_bytes; /* of the packet, in front of the network header; 0 where there is no link header */
	nd_u32 ifindex;    /* of the device that the link header belongs to; 0 where there is none */
	nd_u16 dev_type;   /* ARPHRD_* of that device */
	nd_u8 cut;         /* 1: further bytes are wanted, but cannot be read */
	nd_u8 pad;
	char ifname[ND_IFNAME_BYTES]; /* of that device, as nd_event.iifname */
	nd_u8 bytes[];
};

/* The capture that follows an event in the ring, or 0. `event` must lie there: a copy has none. */
static inline const struct nd_capture *nd_capture_of(const struct nd_event *event) {
	const char *end = (const char *)(event + 1);

	if (!(event->flags & ND_FLAG_CAPTURE)) return 0; /* NOLINT(modernize-use-nullptr): C reads this, too */
	if (event->flags & ND_FLAG_PATH) end += sizeof(struct nd_path);
	if (nd_details_of(event)) end += sizeof(struct nd_details);
	return (const struct nd_capture *)end;
}

/*
 * The bytes of the packet whose drop was seen last, with nd_settings.snaplen: how many are kept, and where they lie.
 * Positions of headers count from skb->head.
 */
struct nd_extent {
	nd_u64 skb;   /* struct sk_buff * */
	nd_u64 head;  /* skb->head */
	nd_u64 dev;   /* of the link header: struct net_device * */
	nd_u32 begin; /* the first byte that is kept: of the link header if there is one, else of the network header */
	nd_u32 link_bytes; /* from there to the network header */
	nd_u32 linear;     /* of the bytes to be kept, how many lie in one piece from `begin` on */
	nd_u32 wanted;     /* bytes to be kept, at most nd_settings.snaplen */
	/* The piece that is copied next, of those behind the linear bytes; `left` is 0 if the next one is to be found.
	 */
	nd_u64 from;
	nd_u32 left;
	nd_u32 done;   /* bytes copied so far */
	nd_u64 shared; /* struct skb_shared_info * with the page fragments */
	nd_u64 list;   /* struct sk_buff * that follows these fragments */
	nd_u32 next;   /* the next page fragment's number */
	nd_u32 count;  /* of page fragments */
	/* 1 while a program works with this. Another one that interrupts it (--audit watches frees, too) goes without.
	 */
	nd_u32 busy;
	nd_u32 pad;
	char scratch[256]; /* ND_SKB_BLOCK_BYTES */
};

#ifdef __cplusplus
static_assert(sizeof(nd_capture) == 32, "nd_capture has no padding");
#endif

#endif
