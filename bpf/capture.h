/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copies the packet's own bytes behind its event (struct nd_capture). The functions here tell how many bytes are kept,
 * find a place in the ring for the bytes, and copy the bytes. If nd_settings.snaplen is 0, the optimiser removes the
 * calls of these functions.
 *
 * The verifier wants the size of a place to be a constant. So there are classes of size: a small packet takes a small
 * place, however large the snap length is.
 */
#ifndef NFT_DROPS_BPF_CAPTURE_H
#define NFT_DROPS_BPF_CAPTURE_H

#include "locate.h"
#include "pages.h"
#include "pieces.h"
#include "settings.h"

extern char nd_pieces; /* bpf/maps.bpf.c */

enum {
	CAPTURE_NO_LINK = 0xffff, /* skb_mac_header_was_set() is false */
	CAPTURE_IPV4 = 2,         /* NFPROTO_IPV4 */
	CAPTURE_IPV6 = 10,        /* NFPROTO_IPV6 */
	CAPTURE_LARGEST_IP =
	        65536 + 256, /* bytes: the largest IP packet has 65,535, and the link header comes on top */
};

/*
 * Tells how many bytes of the packet are kept, and where these bytes begin. `in` and `out` are the hook's devices. On
 * the hooks of IP, the link header belongs to `in`. There skb->dev may already be the device that sends the packet. On
 * the bridge's input hook, skb->dev is the bridge (br_pass_frame_up()), and the frame belongs to the bridge's port.
 */
static __always_inline void measure(struct nd_extent *x, nd_u64 at, nd_u64 in, nd_u64 out, nd_u8 pf,
                                    const struct nd_layout *lay) {
	struct view skb = read_struct(at, &lay->skb, x->scratch);
	nd_u32 len = (nd_u32)field(&skb, &lay->skb_len), data_len = (nd_u32)field(&skb, &lay->skb_data_len);
	nd_u32 nh = (nd_u32)field(&skb, &lay->skb_network_header);
	nd_u32 mac = (nd_u32)field(&skb, &lay->skb_mac_header);
	nd_u32 data, total, linear_end;

	x->skb = at;
	x->head = field(&skb, &lay->skb_head);
	x->dev = field(&skb, &lay->skb_dev);
	if (in && (!out || pf == CAPTURE_IPV4 || pf == CAPTURE_IPV6)) x->dev = in;
	data = (nd_u32)(field(&skb, &lay->skb_data) - x->head);
	/* In arp's output hook, skb->data is at the link header, and skb->mac_header is not set yet. */
	x->begin = mac != CAPTURE_NO_LINK ? mac : data;
	if (x->begin > nh) x->begin = nh;
	x->link_bytes = nh - x->begin;
	linear_end = data + (len - data_len);
	x->linear = len >= data_len && linear_end > x->begin ? linear_end - x->begin : 0;
	/* Signed: skb->data may lie in front of the first byte that is kept. */
	total = len + data - x->begin;
	if ((int)total < 0) total = 0;
	x->wanted = total < nd_the_settings.snaplen ? total : nd_the_settings.snaplen;
	if (x->linear > x->wanted) x->linear = x->wanted;
}

/*
 * The size of a place: `room` for the bytes, and `piece` more where the packet's bytes lie apart (nd_copy_pieces() says
 * why). The verifier knows both as constants in each branch that leads here, and nothing of how they depend on other
 * values: barrier_var() hides this from the compiler, too.
 */
struct place {
	nd_u32 room;
	nd_u32 piece; /* 0: the bytes lie in one piece */
};

static __always_inline nd_u32 class_of(nd_u32 wanted) {
	const nd_u32 most = (nd_the_settings.snaplen + 7) & ~7U;

	if (most > 64 && wanted <= 64) return 64;
	if (most > 256 && wanted <= 256) return 256;
	if (most > 1024 && wanted <= 1024) return 1024;
	if (most > 4096 && wanted <= 4096) return 4096;
	if (most > 16384 && wanted <= 16384) return 16384;
	if (most > CAPTURE_LARGEST_IP && wanted <= CAPTURE_LARGEST_IP) return CAPTURE_LARGEST_IP;
	return most;
}

static __always_inline struct place size_of_place(const struct nd_extent *x) {
	struct place place = {.room = class_of(x->wanted), .piece = 0};

	barrier_var(place.room);
	if (x->linear < x->wanted) place.piece = place.room >= 32 ? place.room / 4 : 8;
	barrier_var(place.piece);
	return place;
}

/* Finds the next piece of the packet. 0: there is none, or it cannot be read. */
static __always_inline int next_piece(volatile struct nd_extent *x) {
	const struct nd_match_layout *more = &nd_the_layout.match;

	if (x->next < x->count) {
		nd_u64 fragment = x->shared + more->shared_fragments.offset + (nd_u64)x->next * more->fragment_bytes;
		nd_u64 page = address_of_page(member(fragment, &more->fragment_page), more);

		x->next += 1;
		if (!page) return 0;
		x->from = page + member(fragment, &more->fragment_offset);
		x->left = (nd_u32)member(fragment, &more->fragment_size);
		return 1;
	}
	if (x->list) {
		nd_u64 skb = x->list, shared;

		shared = member(skb, &nd_the_layout.skb_head) + member(skb, &more->skb_end);
		/* A list within a list: nobody makes one. */
		if (member(shared, &more->shared_list)) return 0;
		x->from = member(skb, &nd_the_layout.skb_data);
		x->left =
		        (nd_u32)member(skb, &nd_the_layout.skb_len) - (nd_u32)member(skb, &nd_the_layout.skb_data_len);
		x->shared = shared;
		x->count = (nd_u32)member(shared, &more->shared_count) & 0xff;
		x->next = 0;
		x->list = member(skb, &more->skb_next);
		return 1;
	}
	return 0;
}

/*
 * Finds the pieces behind the linear bytes: page fragments, then the skbs of the list, each in parts of at most
 * p->most bytes. The verifier follows the code behind the reservation of the ring's place once for each class of size.
 * Therefore this search comes before the reservation, and keeps its state in a map. State in registers would make the
 * verifier follow more variants, too.
 */
__noinline int nd_find_pieces(volatile struct nd_extent *x, volatile struct nd_pieces *p) {
	const struct nd_match_layout *more = &nd_the_layout.match;

	p->count = 0;
	if (!more->skb_end.size || !more->shared_count.size || !more->page_bits) return 0;
	x->shared = x->head + member(x->skb, &more->skb_end);
	x->count = (nd_u32)member(x->shared, &more->shared_count) & 0xff;
	x->list = member(x->shared, &more->shared_list);
	x->next = 0;
	x->left = 0;
	x->done = x->linear;
	for (int i = 0; i < ND_PIECES; i++) {
		nd_u32 size = x->wanted - x->done;

		if (!x->left && !next_piece(x)) break;
		if (size > x->left) size = x->left;
		if (size > p->most) size = p->most;
		p->of[i].from = x->from;
		p->of[i].size = size;
		p->count = i + 1;
		x->from += size;
		x->left -= size;
		x->done += size;
		if (x->done >= x->wanted) break;
	}
	return 0;
}

/*
 * Copies the pieces. The verifier knows where in `to` a copy begins (at most `room`) and how long it is (at most
 * `most`), not that the two together are at most `room`: so the place has `most` bytes more.
 */
__noinline int nd_copy_pieces(nd_u8 *to, volatile struct nd_extent *x, volatile struct nd_pieces *p, nd_u32 room,
                              nd_u32 most) {
	for (nd_u32 i = 0; i < ND_PIECES; i++) {
		nd_u64 at = at_most(x->done, room), size = at_most(p->of[i].size, most);

		if (i >= p->count) break;
		if (bpf_probe_read_kernel(to + at, (nd_u32)size, (void *)p->of[i].from)) break;
		x->done = (nd_u32)(at + size);
	}
	return 0;
}

static __always_inline struct nd_pieces *pieces_here(void) {
	nd_u32 zero = 0;

	return bpf_map_lookup_elem(&nd_pieces, &zero);
}

/*
 * Whether this program may make a capture. 0: the program that this one interrupted is making one on this processor.
 * The answer is a constant in each branch; without the barrier the compiler tests `busy` again, where the verifier does
 * not know any more that the first test had the same outcome.
 */
static __always_inline int take_extent(struct nd_extent *x) {
	int yes = 1;

	if (x->busy) return 0;
	x->busy = 1;
	barrier_var(yes);
	return yes;
}

/* Tells the size of the place in the ring. Also finds the bytes outside of the skb's linear part. */
static __always_inline struct place place_for(struct nd_extent *x) {
	struct nd_pieces *p = pieces_here();

	if (p && x->linear < x->wanted) {
		p->most = size_of_place(x).piece;
		nd_find_pieces(x, p);
	}
	return size_of_place(x);
}

/* Fills in the capture, whose bytes[] are `place`. The event's devices are filled in already. */
static __always_inline void fill_capture(struct nd_capture *c, struct nd_extent *x, struct place place,
                                         const struct nd_event *e, const struct nd_layout *lay) {
	struct nd_pieces *p = pieces_here();
	nd_u64 take = at_most(x->linear, place.room);

	c->link_bytes = x->link_bytes;
	c->dev_type = x->dev ? (nd_u16)member(x->dev, &lay->dev_type) : 0;
	c->ifindex = x->dev ? (nd_u32)member(x->dev, &lay->dev_ifindex) : 0;
	c->pad = 0;
	for (nd_u32 i = 0; i < ND_IFNAME_BYTES; i += 8)
		*(any_u64 *)(c->ifname + i) =
		        c->ifindex == e->oif ? *(const any_u64 *)(e->oifname + i) : *(const any_u64 *)(e->iifname + i);
	if (x->dev && c->ifindex != e->iif && c->ifindex != e->oif)
		bpf_probe_read_kernel(c->ifname, ND_IFNAME_BYTES, (void *)(x->dev + lay->dev_name.offset));
	if (bpf_probe_read_kernel(c->bytes, (nd_u32)take, (void *)(x->head + x->begin))) take = 0;
	x->done = (nd_u32)take;
	if (place.piece && p && take == x->linear) nd_copy_pieces(c->bytes, x, p, place.room, place.piece);
	c->kept = x->done;
	c->cut = x->done < x->wanted;
}

#endif
