/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What decides whether a drop is wanted: the packet as the generated function nd_match() sees it, and what nd_match()
 * calls, one function for each thing that a rule can ask for. jit/compile drops those that a filter does not need.
 *
 * Every function means what the expression of nf_tables means on this kernel; the kernel's function is named at each.
 * They return a value as ND_MATCH_* of shared/match.h describes.
 */
#ifndef NFT_DROPS_BPF_MATCH_H
#define NFT_DROPS_BPF_MATCH_H

#include "locate.h"
#include "shared/match.h"

/* A subprogram: nd_match() calls it by name, so it stays in the bitcode until then. */
#define MATCH_FUNCTION __noinline __attribute__((used))

/* Generated: enum nd_matched. */
int nd_match(struct nd_subject *s, nd_u32 family);

/* The packet of a drop, in memory of this processor. */
static __always_inline void fill_subject(struct nd_subject *s, nd_u64 pkt_at, nd_u64 skb_at, nd_u64 state_at,
                                         const struct nd_layout *lay) {
	const struct nd_match_layout *more = &lay->match;
	struct view skb = read_struct(skb_at, &lay->skb, (char *)s->scratch);
	struct view pkt;

	s->skb = skb_at;
	s->state = state_at;
	s->head = field(&skb, &lay->skb_head);
	s->data = (nd_u32)(field(&skb, &lay->skb_data) - s->head);
	s->length = (nd_u32)field(&skb, &lay->skb_len);
	s->linear = s->length - (nd_u32)field(&skb, &lay->skb_data_len);
	s->network = (nd_u32)field(&skb, &lay->skb_network_header);
	s->mac = (nd_u32)field(&skb, &lay->skb_mac_header);
	pkt = read_struct(pkt_at, &more->pkt, (char *)s->scratch);
	s->flags = (nd_u32)field(&pkt, &more->pkt_flags);
	s->protocol = (nd_u32)field(&pkt, &more->pkt_tprot);
	s->fragment = (nd_u32)field(&pkt, &more->pkt_fragoff);
	s->transport = (nd_u32)field(&pkt, &more->pkt_thoff);
}

/*
 * Kernel address of `length` bytes at `offset` behind the packet's linear bytes, which must lie in one page fragment;
 * 0: they do not, or cannot be read. The direct map holds the page: page_address().
 */
MATCH_FUNCTION nd_u64 nd_match_fragment(struct nd_subject *s, nd_u32 offset, nd_u32 length) {
	const struct nd_match_layout *more = &nd_the_layout.match;
	const struct nd_field whole = {.offset = 0, .size = 8};
	nd_u64 shared, fragment;
	nd_u32 count, i;

	if (!more->vmemmap || !more->page_offset) return 0;
	shared = s->head + member(s->skb, &more->skb_end);
	count = (nd_u32)member(shared, &more->shared_count);
	fragment = shared + more->shared_fragments.offset;
	for (i = 0; i < ND_MATCH_FRAGMENTS; i++) {
		nd_u32 size;

		if (i >= count) return 0;
		size = (nd_u32)member(fragment, &more->fragment_size);
		if (offset < size) {
			nd_u64 page = member(fragment, &more->fragment_page);

			if (size - offset < length) return 0;
			if (page & 1) return 0; /* netmem_is_net_iov(): memory of a device */
			page = (page - member(more->vmemmap, &whole)) >> more->page_shift << 12;
			return page + member(more->page_offset, &whole) + member(fragment, &more->fragment_offset) +
			       offset;
		}
		offset -= size;
		fragment += more->fragment_bytes;
	}
	return 0;
}

/* `length` bytes at `offset` from skb->data: skb_copy_bits(). The rest of the last register is zero. */
MATCH_FUNCTION nd_u64 nd_match_read(struct nd_subject *s, int offset, nd_u32 length) {
	nd_u64 from = s->head + s->data + (nd_u64)(long long)offset;

	if (offset > (int)s->length - (int)length) return ND_MATCH_MISSING;
	if (offset + (int)length > (int)s->linear) {
		if (offset < (int)s->linear) return ND_MATCH_UNREADABLE;
		from = nd_match_fragment(s, (nd_u32)offset - s->linear, length);
		if (!from) return ND_MATCH_UNREADABLE;
	}
	switch (length) {
	case 1:
		return read_memory(from, 1);
	case 2:
		return read_memory(from, 2);
	case 4:
		return read_memory(from, 4);
	}
	if (!length || length > ND_MATCH_BYTES) return ND_MATCH_UNREADABLE;
	*(any_u32 *)(s->bytes + (length - 1) / 4 * 4) = 0;
	if (bpf_probe_read_kernel(s->bytes, length, (void *)from)) return ND_MATCH_UNREADABLE;
	return *(any_u32 *)s->bytes;
}

/* nft_payload_eval(), by base. */
MATCH_FUNCTION nd_u64 nd_match_network(struct nd_subject *s, nd_u32 offset, nd_u32 length) {
	return nd_match_read(s, (int)(s->network - s->data + offset), length);
}

MATCH_FUNCTION nd_u64 nd_match_transport(struct nd_subject *s, nd_u32 offset, nd_u32 length) {
	if (!(s->flags & ND_MATCH_L4) || s->fragment) return ND_MATCH_MISSING;
	return nd_match_read(s, (int)(s->transport + offset), length);
}

/*
 * The same as a number, of the packet as libpcap sees it: IP from its header on. Everything else is no packet of
 * DLT_RAW.
 */
MATCH_FUNCTION nd_u64 nd_match_packet(struct nd_subject *s, nd_u32 offset, nd_u32 length) {
	enum { IP4 = 0x0008, IP6 = 0xdd86, MOST = 0xffff }; /* ETH_P_*, in network byte order */
	nd_u64 protocol = member(s->skb, &nd_the_layout.skb_protocol), value;

	if ((protocol != IP4 && protocol != IP6) || offset > MOST) return ND_MATCH_MISSING;
	value = nd_match_network(s, offset, length);
	if (value >= ND_MATCH_MISSING) return value;
	return __builtin_bswap32((nd_u32)value) >> (32 - 8 * length);
}

MATCH_FUNCTION nd_u64 nd_match_packet_length(struct nd_subject *s) {
	return s->length - (s->network - s->data);
}

/* nft_payload_copy_vlan(): a tag beside the packet is where it was on the wire. */
MATCH_FUNCTION nd_u64 nd_match_link(struct nd_subject *s, nd_u32 offset, nd_u32 length) {
	const struct nd_layout *lay = &nd_the_layout;
	enum { TAG = 12, TAG_END = 16 };

	if (s->mac == ND_MATCH_NO_MAC || s->mac == s->network) return ND_MATCH_MISSING;
	if (offset >= TAG && member(s->skb, &lay->skb_vlan_present)) {
		if (offset < TAG_END) {
			nd_u64 tci = member(s->skb, &lay->skb_vlan_tci), tag;

			if (offset + length > TAG_END) return ND_MATCH_UNREADABLE;
			tag = member(s->skb, &lay->skb_vlan_proto) | (tci & 0xff) << 24 | (tci >> 8 & 0xff) << 16;
			tag >>= 8 * (offset - TAG);
			return length < 4 ? tag & ((1ULL << 8 * length) - 1) : tag;
		}
		offset -= TAG_END - TAG;
	}
	return nd_match_read(s, (int)(s->mac - s->data + offset), length);
}

/*
 * Where an IPv6 extension header of this type begins, from skb->data: ipv6_find_hdr(). A packet with more headers than
 * are looked at is unreadable.
 */
static __always_inline nd_u64 find_extension(struct nd_subject *s, nd_u32 type) {
	enum { IP6 = 0xdd86, FIXED = 40, NEXT = 6, MOST = 8 };
	enum { HOP = 0, ROUTING = 43, FRAGMENT = 44, AUTH = 51, DESTINATION = 60 };
	nd_u32 at = s->network - s->data + FIXED, i;
	nd_u64 next;

	if (member(s->skb, &nd_the_layout.skb_protocol) != IP6) return ND_MATCH_MISSING;
	next = nd_match_network(s, NEXT, 1);
	for (i = 0; i < MOST; i++) {
		nd_u64 head, offset;

		if (next >= ND_MATCH_MISSING) return next;
		if (next != HOP && next != ROUTING && next != FRAGMENT && next != AUTH && next != DESTINATION)
			return next == type ? at : ND_MATCH_MISSING;
		head = nd_match_read(s, (int)at, 2);
		if (head >= ND_MATCH_MISSING) return head;
		if (next == FRAGMENT) {
			offset = nd_match_read(s, (int)at + 2, 2);
			if (offset >= ND_MATCH_MISSING) return offset;
			/* The rest of a later fragment is not looked at. */
			if (next != type && (offset & 0xf8ff)) return ND_MATCH_MISSING;
		}
		if (next == type) return at;
		if (next == FRAGMENT)
			at += 8;
		else if (next == AUTH)
			at += ((nd_u32)(head >> 8) + 2) * 4;
		else
			at += ((nd_u32)(head >> 8) + 1) * 8;
		next = head & 0xff;
	}
	return ND_MATCH_UNREADABLE;
}

/* nft_exthdr_ipv6_eval() */
MATCH_FUNCTION nd_u64 nd_match_extension(struct nd_subject *s, nd_u32 type, nd_u32 offset, nd_u32 length) {
	nd_u64 at = find_extension(s, type);

	return at >= ND_MATCH_MISSING ? at : nd_match_read(s, (int)((nd_u32)at + offset), length);
}

MATCH_FUNCTION nd_u64 nd_match_extension_present(struct nd_subject *s, nd_u32 type) {
	nd_u64 at = find_extension(s, type);

	return at == ND_MATCH_MISSING ? 0 : at == ND_MATCH_UNREADABLE ? at : 1;
}

/*
 * Where a TCP option of this type begins in nd_subject.scratch, where it has `bytes` bytes at least; the header's
 * options are there then: nft_exthdr_tcp_eval(), nft_tcp_header_pointer().
 */
static __always_inline nd_u64 find_tcp_option(struct nd_subject *s, nd_u32 type, nd_u32 bytes) {
	enum { TCP = 6, FIXED = 20, OFFSET = 12, MOST = 40, NOP = 1 };
	nd_u64 size;
	nd_u32 i, at = 0, end;

	if (!(s->flags & ND_MATCH_L4) || s->protocol != TCP || s->fragment) return ND_MATCH_MISSING;
	if ((int)s->transport > (int)s->length - FIXED) return ND_MATCH_MISSING;
	size = nd_match_transport(s, OFFSET, 1);
	if (size >= ND_MATCH_MISSING) return size;
	size = size >> 4 << 2;
	if (size < FIXED || (int)(s->transport + size) > (int)s->length) return ND_MATCH_MISSING;
	if ((int)(s->transport + size) > (int)s->linear) return ND_MATCH_UNREADABLE;
	end = (nd_u32)at_most(size - FIXED, MOST);
	if (bpf_probe_read_kernel(s->scratch, end, (void *)(s->head + s->data + s->transport + FIXED)))
		return ND_MATCH_UNREADABLE;
	for (i = 0; i < MOST; i++) {
		nd_u32 kind, option;

		if (at + 1 >= end) break;
		at &= 63;
		kind = s->scratch[at];
		option = s->scratch[at + 1];
		if (kind <= NOP || !option) option = 1;
		if (kind == type) return at + option > end || bytes > option ? ND_MATCH_MISSING : at;
		at += option;
	}
	return ND_MATCH_MISSING;
}

MATCH_FUNCTION nd_u64 nd_match_tcp_option(struct nd_subject *s, nd_u32 type, nd_u32 offset, nd_u32 length) {
	nd_u64 at = find_tcp_option(s, type, offset + length);

	if (at >= ND_MATCH_MISSING) return at;
	/* The 20 bytes in front of the options are the fixed header. */
	return nd_match_transport(s, 20 + (nd_u32)at + offset, length);
}

MATCH_FUNCTION nd_u64 nd_match_tcp_option_present(struct nd_subject *s, nd_u32 type, nd_u32 bytes) {
	nd_u64 at = find_tcp_option(s, type, bytes);

	return at == ND_MATCH_MISSING ? 0 : at == ND_MATCH_UNREADABLE ? at : 1;
}

/* nft_meta_get_eval(), by key. */
MATCH_FUNCTION nd_u64 nd_match_length(struct nd_subject *s) {
	return s->length;
}

MATCH_FUNCTION nd_u64 nd_match_protocol(struct nd_subject *s) {
	return member(s->skb, &nd_the_layout.skb_protocol);
}

MATCH_FUNCTION nd_u64 nd_match_priority(struct nd_subject *s) {
	return member(s->skb, &nd_the_layout.match.skb_priority);
}

MATCH_FUNCTION nd_u64 nd_match_mark(struct nd_subject *s) {
	return member(s->skb, &nd_the_layout.match.skb_mark);
}

MATCH_FUNCTION nd_u64 nd_match_nfproto(struct nd_subject *s) {
	return member(s->state, &nd_the_layout.state_pf);
}

MATCH_FUNCTION nd_u64 nd_match_l4proto(struct nd_subject *s) {
	return s->flags & ND_MATCH_L4 ? s->protocol : ND_MATCH_MISSING;
}

MATCH_FUNCTION nd_u64 nd_match_cpu(struct nd_subject *s) {
	(void)s;
	return bpf_get_smp_processor_id();
}

/* A packet of our own that came back (dev_loopback_xmit) is looked into by nft_meta_get_eval_pkttype_lo(). */
MATCH_FUNCTION nd_u64 nd_match_pkttype(struct nd_subject *s) {
	enum { LOOPBACK = 5 }; /* PACKET_LOOPBACK */
	nd_u64 type = member(s->skb, &nd_the_layout.match.skb_pkt_type);

	return type == LOOPBACK ? ND_MATCH_UNREADABLE : type;
}

static __always_inline nd_u64 device(struct nd_subject *s, const struct nd_field *which) {
	return member(s->state, which);
}

/* What a device tells; without a device there is none. */
static __always_inline nd_u64 of_device(struct nd_subject *s, const struct nd_field *which,
                                        const struct nd_field *what) {
	nd_u64 dev = device(s, which);

	return dev ? member(dev, what) : ND_MATCH_MISSING;
}

MATCH_FUNCTION nd_u64 nd_match_iif(struct nd_subject *s) {
	nd_u64 dev = device(s, &nd_the_layout.state_in);

	return dev ? member(dev, &nd_the_layout.dev_ifindex) : 0;
}

MATCH_FUNCTION nd_u64 nd_match_oif(struct nd_subject *s) {
	nd_u64 dev = device(s, &nd_the_layout.state_out);

	return dev ? member(dev, &nd_the_layout.dev_ifindex) : 0;
}

MATCH_FUNCTION nd_u64 nd_match_iiftype(struct nd_subject *s) {
	return of_device(s, &nd_the_layout.state_in, &nd_the_layout.dev_type);
}

MATCH_FUNCTION nd_u64 nd_match_oiftype(struct nd_subject *s) {
	return of_device(s, &nd_the_layout.state_out, &nd_the_layout.dev_type);
}

MATCH_FUNCTION nd_u64 nd_match_iifgroup(struct nd_subject *s) {
	return of_device(s, &nd_the_layout.state_in, &nd_the_layout.match.dev_group);
}

MATCH_FUNCTION nd_u64 nd_match_oifgroup(struct nd_subject *s) {
	return of_device(s, &nd_the_layout.state_out, &nd_the_layout.match.dev_group);
}

/* nft_meta_store_ifname(): up to the NUL, and zeroes behind it. */
static __always_inline nd_u64 name_of_device(struct nd_subject *s, const struct nd_field *which) {
	nd_u64 dev = device(s, which);
	any_u64 *words = (any_u64 *)s->bytes;

	words[0] = words[1] = 0;
	if (dev &&
	    bpf_probe_read_kernel_str(s->bytes, ND_IFNAME_BYTES, (void *)(dev + nd_the_layout.dev_name.offset)) < 0)
		return ND_MATCH_UNREADABLE;
	return 0;
}

MATCH_FUNCTION nd_u64 nd_match_iifname(struct nd_subject *s) {
	return name_of_device(s, &nd_the_layout.state_in);
}

MATCH_FUNCTION nd_u64 nd_match_oifname(struct nd_subject *s) {
	return name_of_device(s, &nd_the_layout.state_out);
}

/* nft_ct_get_eval(), by key. skb->_nfct: a struct nf_conn *, with enum ip_conntrack_info in the lowest three bits. */
enum {
	CT_INFO = 7,      /* NFCT_INFOMASK */
	CT_IS_REPLY = 3,  /* IP_CT_IS_REPLY */
	CT_UNTRACKED = 7, /* IP_CT_UNTRACKED */
};

MATCH_FUNCTION nd_u64 nd_match_ct_state(struct nd_subject *s) {
	nd_u64 nfct = member(s->skb, &nd_the_layout.match.skb_nfct);
	nd_u32 info = nfct & CT_INFO;

	if (nfct & ~(nd_u64)CT_INFO) return 1U << ((info >= CT_IS_REPLY ? info - CT_IS_REPLY : info) + 1);
	return info == CT_UNTRACKED ? 1U << 6 : 1;
}

MATCH_FUNCTION nd_u64 nd_match_ct_direction(struct nd_subject *s) {
	nd_u64 nfct = member(s->skb, &nd_the_layout.match.skb_nfct);

	if (!(nfct & ~(nd_u64)CT_INFO)) return ND_MATCH_MISSING;
	return (nfct & CT_INFO) >= CT_IS_REPLY;
}

#endif
