/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A packet that other code of netfilter freed, for a filter: nft_do_chain's nft_pktinfo and nf_hook_state are gone.
 * What a rule would have seen at that hook is found again from the sk_buff. What the sk_buff does not tell is unknown,
 * and a filter that asks for the unknown leaves the drop undecided.
 */
#ifndef NFT_DROPS_BPF_FREED_H
#define NFT_DROPS_BPF_FREED_H

#include "match.h"

/* nft_set_pktinfo_ipv4_validate() */
static __always_inline void find_transport_ip4(struct nd_subject *s) {
	enum { LENGTH = 2, FRAGMENT = 6, PROTOCOL = 9, LEAST = 20, OFFSET = 0x1fff };
	nd_u64 first = nd_match_network(s, 0, 1), total = nd_match_network(s, LENGTH, 2);
	nd_u64 fragment = nd_match_network(s, FRAGMENT, 2), protocol = nd_match_network(s, PROTOCOL, 1);
	nd_u32 header, bytes;

	if ((first | total | fragment | protocol) & ND_MATCH_UNREADABLE) {
		s->flags = ND_MATCH_L4_UNKNOWN;
		return;
	}
	if ((first | total | fragment | protocol) & ND_MATCH_MISSING || first >> 4 != 4) return;
	header = (nd_u32)(first & 15) * 4;
	bytes = __builtin_bswap16((nd_u16)total);
	if (header < LEAST || bytes < header || bytes > s->length - (s->network - s->data)) return;
	s->flags = ND_MATCH_L4;
	s->protocol = (nd_u32)protocol;
	s->fragment = __builtin_bswap16((nd_u16)fragment) & OFFSET;
	s->transport = s->network - s->data + header;
}

/* nft_set_pktinfo_ipv6(): ipv6_find_hdr() for the first header that is no extension header. */
static __always_inline void find_transport_ip6(struct nd_subject *s) {
	nd_u32 at = s->network - s->data + IP6_FIXED, i;
	nd_u64 next = nd_match_network(s, IP6_NEXT, 1);

	for (i = 0; i < IP6_HEADERS_MOST; i++) {
		nd_u64 head, offset;

		if (next & ND_MATCH_UNREADABLE) break;
		if (next & ND_MATCH_MISSING) return;
		if (!is_extension(next)) {
			s->flags = ND_MATCH_L4;
			s->protocol = (nd_u32)next;
			s->transport = at;
			return;
		}
		head = nd_match_read(s, (int)at, 2);
		offset = next == IP6_FRAGMENT ? nd_match_read(s, (int)at + 2, 2) : 0;
		if ((head | offset) & ND_MATCH_UNREADABLE) break;
		if ((head | offset) & ND_MATCH_MISSING) return;
		at += extension_bytes(next, head);
		next = head & 0xff;
		offset = __builtin_bswap16((nd_u16)offset) & 0xfff8;
		if (!offset) continue;
		/* A later fragment: the header that follows in the first one. */
		if (is_extension(next)) return;
		s->flags = ND_MATCH_L4;
		s->protocol = (nd_u32)next;
		s->fragment = (nd_u32)offset;
		return;
	}
	s->flags = ND_MATCH_L4_UNKNOWN;
}

/*
 * Finds the devices that the hook had. __netif_receive_skb_core() sets skb->skb_iif to the index of skb->dev, which is
 * the input device until the packet is sent on. A packet that was made on this machine has no skb_iif. Without a route
 * (ARP) or without skb->dev it has no input device. With both (output of IPv6, postrouting of both IPs) the hook may
 * have had skb->dev as its input device: nothing tells.
 */
static __always_inline void find_devices(struct nd_subject *s, nd_u64 dev) {
	const struct nd_layout *lay = &nd_the_layout;
	nd_u32 came_in = (nd_u32)member(s->skb, &lay->match.skb_iif);
	nd_u64 dst = member(s->skb, &lay->skb_dst) & ~1ULL, routed = dst ? member(dst, &lay->dst_dev) : 0;

	s->in = s->out = 0;
	if (!lay->match.skb_iif.size) {
		s->flags |= ND_MATCH_IN_UNKNOWN | ND_MATCH_OUT_UNKNOWN;
	} else if (came_in) {
		s->in = dev;
		if (!dev || (nd_u32)member(dev, &lay->dev_ifindex) != came_in)
			s->flags |= ND_MATCH_IN_UNKNOWN | ND_MATCH_OUT_UNKNOWN;
		else if (dst)
			s->flags |= ND_MATCH_OUT_UNKNOWN; /* input, or forward */
	} else if (dst) {
		s->out = routed;
		if (dev) s->flags |= ND_MATCH_IN_UNKNOWN;
		if (dev && dev != routed) s->flags |= ND_MATCH_OUT_UNKNOWN; /* a bridge's, and one of its ports */
	} else {
		s->out = dev;
	}
}

/* Returns the family for nd_match(). `dev` is skb->dev. */
static __noinline nd_u32 fill_freed_subject(struct nd_subject *s, nd_u64 skb_at, nd_u64 dev) {
	enum { IP4 = 2, ARP = 3, IP6 = 10 }; /* NFPROTO_* */
	const nd_u64 protocol = member(skb_at, &nd_the_layout.skb_protocol);

	fill_from_skb(s, skb_at, &nd_the_layout);
	s->state = 0;
	s->flags = s->protocol = s->fragment = s->transport = 0;
	if (protocol == PROTOCOL_IP4) find_transport_ip4(s);
	if (protocol == PROTOCOL_IP6) find_transport_ip6(s);
	find_devices(s, dev);
	if (protocol == PROTOCOL_IP4) return ND_MATCH_FREED + IP4;
	if (protocol == PROTOCOL_IP6) return ND_MATCH_FREED + IP6;
	return protocol == PROTOCOL_ARP ? ND_MATCH_FREED + ARP : ND_MATCH_FREED;
}

/* Whether the filter takes a packet that other code freed: enum nd_matched. */
static __always_inline int match_freed(struct nd_of_cpu *here, nd_u64 skb, nd_u64 dev) {
	int matched;

	/* A free within a free: there is no room to look at it. */
	if (*(volatile nd_u64 *)&here->freed_busy) return ND_MATCHED_UNDECIDED;
	*(volatile nd_u64 *)&here->freed_busy = 1;
	matched = nd_match(&here->freed, fill_freed_subject(&here->freed, skb, dev));
	*(volatile nd_u64 *)&here->freed_busy = 0;
	return matched;
}

#endif
