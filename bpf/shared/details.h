/* SPDX-License-Identifier: GPL-2.0-only */
/* What `--details` asks of the probe: the packet's connection, marks and socket, as they follow its event and path. */
#ifndef NFT_DROPS_BPF_SHARED_DETAILS_H
#define NFT_DROPS_BPF_SHARED_DETAILS_H

#include "event.h"

/* nd_details.known */
#define ND_KNOWN_MARK 0x01     /* mark */
#define ND_KNOWN_CT 0x02       /* this kernel tracks connections: ct_info, and whether there is an entry */
#define ND_KNOWN_CT_ENTRY 0x04 /* the packet has a conntrack entry (struct nf_conn): ct_status */
#define ND_KNOWN_CT_MARK 0x08  /* ct_mark */
#define ND_KNOWN_SOCKET 0x10   /* skb->sk is a full socket, or a request socket, whose listener is told: cookie, uid */
#define ND_KNOWN_GROUP 0x20    /* group */

struct nd_details {
	nd_u64 cookie; /* SO_COOKIE; 0 where the kernel has given the socket none yet */
	nd_u64 group;  /* id of the socket's control group (v2) */
	nd_u64 inode;  /* of the socket's file, as /proc/PID/fd shows it; 0 where there is none */
	nd_u32 uid;    /* of the socket's owner, in the initial user namespace */
	nd_u32 mark;   /* skb->mark */
	nd_u32 ct_mark;
	nd_u32 ct_status; /* IPS_*, enum ip_conntrack_status */
	nd_u8 ct_info;    /* enum ip_conntrack_info: the lowest three bits of skb->_nfct */
	nd_u8 known;      /* ND_KNOWN_* */
	nd_u16 pad;
	nd_u32 pad2;
};

/* The details behind an event in the ring, or 0. `event` must lie there: a copy has none. */
static inline const struct nd_details *nd_details_of(const struct nd_event *event) {
	const struct nd_path *path = (const struct nd_path *)(event + 1);

	if (!(event->flags & ND_FLAG_PATH) || !path->details)
		return 0; /* NOLINT(modernize-use-nullptr): C reads this, too */
	return (const struct nd_details *)(path + 1);
}

#ifdef __cplusplus
static_assert(sizeof(nd_details) == 48, "nd_details has no padding");
#endif

#endif
