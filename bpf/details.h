/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads what `--details` tells of a packet: its connection, marks and socket. */
#ifndef NFT_DROPS_BPF_DETAILS_H
#define NFT_DROPS_BPF_DETAILS_H

#include "group.h"
#include "shared/details.h"

enum {
	CONNECTION_INFO = 7, /* NFCT_INFOMASK */
};

/* nf_ct_get(): skb->_nfct is a struct nf_conn *, with enum ip_conntrack_info in the lowest three bits. */
static __always_inline void fill_connection(struct nd_details *d, nd_u64 skb, const struct nd_layout *lay) {
	const struct nd_details_layout *more = &lay->details;
	nd_u64 nfct, ct;

	if (!lay->match.skb_nfct.size || !more->ct_status.size) return;
	nfct = member(skb, &lay->match.skb_nfct);
	ct = nfct & ~(nd_u64)CONNECTION_INFO;
	d->known |= ND_KNOWN_CT;
	d->ct_info = (nd_u8)(nfct & CONNECTION_INFO);
	if (!ct) return;
	d->known |= ND_KNOWN_CT_ENTRY;
	d->ct_status = (nd_u32)member(ct, &more->ct_status);
	if (!more->ct_mark.size) return;
	d->known |= ND_KNOWN_CT_MARK;
	d->ct_mark = (nd_u32)member(ct, &more->ct_mark);
}

static __always_inline void fill_socket(struct nd_details *d, nd_u64 skb, const struct nd_layout *lay) {
	const struct nd_details_layout *more = &lay->details;
	const struct nd_group_layout *g = &lay->group;
	nd_u64 sk, group, at;

	if (!g->sk_state.size || !more->sk_uid.size) return;
	sk = full_socket(skb, lay);
	if (!sk) return;
	d->known |= ND_KNOWN_SOCKET;
	d->uid = (nd_u32)member(sk, &more->sk_uid);
	d->cookie = member(sk, &more->sk_cookie);
	at = member(sk, &more->sk_socket);
	at = at ? member(at, &more->socket_file) : 0;
	at = at ? member(at, &more->file_inode) : 0;
	d->inode = at ? member(at, &more->inode_number) : 0;
	group = member(sk, &g->sk_group);
	/* Up to Linux 5.15 the lowest bit tells of a class of net_cls, and there is no group. */
	if (!group || (group & 1) || !g->node_id.size) return;
	d->known |= ND_KNOWN_GROUP;
	d->group = member(member(group, &g->node), &g->node_id);
}

static __always_inline void fill_details(struct nd_details *d, nd_u64 skb, const struct nd_layout *lay) {
	d->cookie = d->group = d->inode = 0;
	d->uid = d->mark = d->ct_mark = d->ct_status = 0;
	d->ct_info = d->known = 0;
	d->pad = 0;
	d->pad2 = 0;
	if (lay->match.skb_mark.size) {
		d->known |= ND_KNOWN_MARK;
		d->mark = (nd_u32)member(skb, &lay->match.skb_mark);
	}
	fill_connection(d, skb, lay);
	fill_socket(d, skb, lay);
}

#endif
