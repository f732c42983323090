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

#include "pages.h"
#include "subject.h"

/* A subprogram: nd_match() calls it by name, so it stays in the bitcode until then. */
#define MATCH_FUNCTION __noinline __attribute__((used))

/* No address of a net_device: a freed packet may have the device. */
#define UNKNOWN_DEVICE 1ULL

/* skb->protocol: ETH_P_*, in network byte order. */
enum { PROTOCOL_IP4 = 0x0008, PROTOCOL_ARP = 0x0608, PROTOCOL_IP6 = 0xdd86 };

/*
 * jit/compile generates this function; it returns enum nd_matched. `by`: the table that dropped, as by_base_chain()
 * gives it, or a family: ND_MATCH_FREED. If all families that take the filter share one program, the family is read
 * last: most drops end in that program.
 */
int nd_match(struct nd_subject *s, nd_u64 by);

/* A packet that was freed outside of nft_do_chain: bpf/freed.h. Only an audit has those. */
static __always_inline int is_freed(const struct nd_subject *s) {
	return nd_the_settings.drop_reason && !s->state;
}

/* What a packet without a transport header has in place of it. */
static __always_inline nd_u64 no_transport(const struct nd_subject *s) {
	return is_freed(s) && (s->flags & ND_MATCH_L4_UNKNOWN) ? ND_MATCH_UNREADABLE : ND_MATCH_MISSING;
}

/* `by` of nd_match(), from the address of the struct nft_chain: the chain, or its table, where loads cost a call. */
static __always_inline nd_u64 by_base_chain(nd_u64 chain) {
	return loads_on_demand() ? chain : member(chain, &nd_the_layout.chain_table);
}

/* NFPROTO_*, or as ND_MATCH_FREED says; `by` as of nd_match(). No structure of the kernel is in the first pages. */
MATCH_FUNCTION nd_u64 nd_match_family(nd_u64 by) {
	if (by < 2 * ND_MATCH_FREED) return by;
	if (loads_on_demand()) by = member(by, &nd_the_layout.chain_table);
	return member(by, &nd_the_layout.table_family);
}

/* What the sk_buff alone tells. `s` is in memory of this processor. */
static __always_inline void fill_from_skb(struct nd_subject *s, nd_u64 skb_at, const struct nd_layout *lay) {
	struct view skb = read_struct(skb_at, &lay->skb, (char *)s->scratch);

	s->skb = skb_at;
	s->head = field(&skb, &lay->skb_head);
	s->data = (nd_u32)(field(&skb, &lay->skb_data) - s->head);
	s->length = (nd_u32)field(&skb, &lay->skb_len);
	s->linear = s->length - (nd_u32)field(&skb, &lay->skb_data_len);
	s->network = (nd_u32)field(&skb, &lay->skb_network_header);
	s->mac = (nd_u32)field(&skb, &lay->skb_mac_header);
}

/* The packet of a drop by nf_tables. */
static __always_inline void fill_subject(struct nd_subject *s, nd_u64 pkt_at, nd_u64 skb_at, nd_u64 state_at,
                                         const struct nd_layout *lay) {
	const struct nd_match_layout *more = &lay->match;
	struct view pkt;

	s->skb = skb_at;
	s->pkt = pkt_at;
	s->state = state_at;
	if (loads_on_demand()) return;
	fill_from_skb(s, skb_at, lay);
	pkt = read_struct(pkt_at, &more->pkt, (char *)s->scratch);
	s->flags = (nd_u32)field(&pkt, &more->pkt_flags);
	s->protocol = (nd_u32)field(&pkt, &more->pkt_tprot);
	s->fragment = (nd_u32)field(&pkt, &more->pkt_fragoff);
	s->transport = (nd_u32)field(&pkt, &more->pkt_thoff);
}

/*
 * Kernel address of `length` bytes at `offset` behind the packet's linear bytes, which must lie in one page fragment;
 * 0: they do not, or cannot be read.
 */
MATCH_FUNCTION nd_u64 nd_match_fragment(struct nd_subject *s, nd_u32 offset, nd_u32 length) {
	const struct nd_match_layout *more = &nd_the_layout.match;
	nd_u64 shared, fragment;
	nd_u32 count, i;

	if (!more->page_bits) return 0;
	shared = head_of(s) + member(s->skb, &more->skb_end);
	count = (nd_u32)member(shared, &more->shared_count);
	fragment = shared + more->shared_fragments.offset;
	for (i = 0; i < ND_MATCH_FRAGMENTS; i++) {
		nd_u32 size;

		if (i >= count) return 0;
		size = (nd_u32)member(fragment, &more->fragment_size);
		if (offset < size) {
			nd_u64 page;

			if (size - offset < length) return 0;
			page = address_of_page(member(fragment, &more->fragment_page), more);
			return page ? page + member(fragment, &more->fragment_offset) + offset : 0;
		}
		offset -= size;
		fragment += more->fragment_bytes;
	}
	return 0;
}

/* `length` bytes at `offset` from skb->data: skb_copy_bits(). The rest of the last register is zero. */
MATCH_FUNCTION nd_u64 nd_match_read(struct nd_subject *s, long long offset, nd_u32 length) {
	const struct packet_bytes packet = bytes_of_packet(s);
	const long long end = offset + (long long)length;
	nd_u64 from = packet.data + (nd_u64)offset;

	if (end > packet.length) return ND_MATCH_MISSING;
	if (end > packet.linear) {
		if (offset < packet.linear) return ND_MATCH_UNREADABLE;
		from = nd_match_fragment(s, (nd_u32)(offset - packet.linear), length);
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

/* A member of nft_pktinfo that only some kernels have, and no freed packet has; else `otherwise`. */
static __always_inline nd_u64 of_pkt(const struct nd_subject *s, const struct nd_field *f, nd_u64 otherwise) {
	return f->size && !is_freed(s) ? member(s->pkt, f) : otherwise;
}

/* nft_payload_eval(), by base. */
MATCH_FUNCTION nd_u64 nd_match_network(struct nd_subject *s, nd_u32 offset, nd_u32 length) {
	const struct headers at = headers_of(s);
	const nd_u64 behind_tags = of_pkt(s, &nd_the_layout.match.pkt_nhoff, 0);

	return nd_match_read(s, (long long)at.network - at.data + (long long)behind_tags + offset, length);
}

static __always_inline nd_u64 read_transport(struct nd_subject *s, const struct transport *header, nd_u32 offset,
                                             nd_u32 length) {
	if (!(header->flags & ND_MATCH_L4)) return no_transport(s);
	if (header->fragment) return ND_MATCH_MISSING;
	return nd_match_read(s, (long long)header->at + offset, length);
}

MATCH_FUNCTION nd_u64 nd_match_transport(struct nd_subject *s, nd_u32 offset, nd_u32 length) {
	const struct transport header = transport_of(s);

	return read_transport(s, &header, offset, length);
}

/* The same of packets with this protocol only: what nft makes of a transport header's field, by one load. */
MATCH_FUNCTION nd_u64 nd_match_transport_of(struct nd_subject *s, nd_u32 protocol, nd_u32 offset, nd_u32 length) {
	const struct transport header = transport_of(s);

	if ((header.flags & ND_MATCH_L4) && header.protocol != protocol) return ND_MATCH_MISSING;
	return read_transport(s, &header, offset, length);
}

/*
 * The same as a number, of the packet as libpcap sees it: IP from its header on. Everything else is no packet of
 * DLT_RAW.
 */
MATCH_FUNCTION nd_u64 nd_match_packet(struct nd_subject *s, nd_u32 offset, nd_u32 length) {
	enum { MOST = 0xffff };
	nd_u64 protocol = member(s->skb, &nd_the_layout.skb_protocol), value;

	if ((protocol != PROTOCOL_IP4 && protocol != PROTOCOL_IP6) || offset > MOST) return ND_MATCH_MISSING;
	value = nd_match_network(s, offset, length);
	if (value >= ND_MATCH_MISSING) return value;
	return __builtin_bswap32((nd_u32)value) >> (32 - 8 * length);
}

MATCH_FUNCTION nd_u64 nd_match_packet_length(struct nd_subject *s) {
	const struct headers at = headers_of(s);

	return (nd_u32)bytes_of_packet(s).length - (at.network - at.data);
}

/* nft_payload_copy_vlan(): a tag beside the packet is where it was on the wire. */
MATCH_FUNCTION nd_u64 nd_match_link(struct nd_subject *s, nd_u32 offset, nd_u32 length) {
	const struct nd_layout *lay = &nd_the_layout;
	const struct headers at = headers_of(s);
	enum { TAG = 12, TAG_END = 16 };

	if (at.mac == ND_MATCH_NO_MAC || at.mac == at.network) return ND_MATCH_MISSING;
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
	return nd_match_read(s, (long long)at.mac - at.data + offset, length);
}

/* The extension headers that ipv6_find_hdr() goes through: ipv6_ext_hdr(), without NEXTHDR_NONE. */
enum { IP6_FIXED = 40, IP6_NEXT = 6, IP6_HEADERS_MOST = 8 };
enum { IP6_HOP = 0, IP6_ROUTING = 43, IP6_FRAGMENT = 44, IP6_AUTH = 51, IP6_DESTINATION = 60 };

static __always_inline int is_extension(nd_u64 header) {
	return header == IP6_HOP || header == IP6_ROUTING || header == IP6_FRAGMENT || header == IP6_AUTH ||
	       header == IP6_DESTINATION;
}

/* `head`: the first two bytes of the header, as nd_match_read() gives them. */
static __always_inline nd_u32 extension_bytes(nd_u64 header, nd_u64 head) {
	const nd_u32 length = (nd_u32)(head >> 8);

	if (header == IP6_FRAGMENT) return 8;
	return header == IP6_AUTH ? (length + 2) * 4 : (length + 1) * 8;
}

/*
 * Where an IPv6 extension header of this type begins, from skb->data: ipv6_find_hdr(). A packet with more headers than
 * are looked at is unreadable.
 */
static __always_inline nd_u64 find_extension(struct nd_subject *s, nd_u32 type) {
	const struct headers headers = headers_of(s);
	nd_u32 at = headers.network - headers.data + IP6_FIXED, i;
	nd_u64 next;

	if (member(s->skb, &nd_the_layout.skb_protocol) != PROTOCOL_IP6) return ND_MATCH_MISSING;
	next = nd_match_network(s, IP6_NEXT, 1);
	for (i = 0; i < IP6_HEADERS_MOST; i++) {
		nd_u64 head, offset;

		if (next >= ND_MATCH_MISSING) return next;
		if (!is_extension(next)) return next == type ? at : ND_MATCH_MISSING;
		head = nd_match_read(s, (int)at, 2);
		if (head >= ND_MATCH_MISSING) return head;
		if (next == IP6_FRAGMENT) {
			offset = nd_match_read(s, (int)at + 2, 2);
			if (offset >= ND_MATCH_MISSING) return offset;
			/* The rest of a later fragment is not looked at. */
			if (next != type && (offset & 0xf8ff)) return ND_MATCH_MISSING;
		}
		if (next == type) return at;
		at += extension_bytes(next, head);
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
 * Copies the TCP header's options to nd_subject.scratch, and tells where the first option of this type begins there.
 * MISSING if it has fewer than `bytes` bytes. See nft_exthdr_tcp_eval(), nft_tcp_header_pointer().
 */
static __always_inline nd_u64 find_tcp_option(struct nd_subject *s, nd_u32 type, nd_u32 bytes) {
	enum { TCP = 6, FIXED = 20, OFFSET = 12, MOST = 40, NOP = 1 };
	const struct transport tcp = transport_of(s);
	const struct packet_bytes packet = bytes_of_packet(s);
	nd_u64 size, from;
	nd_u32 i, at = 0, end, options = tcp.at + FIXED;

	if (!(tcp.flags & ND_MATCH_L4)) return no_transport(s);
	if (tcp.protocol != TCP || tcp.fragment) return ND_MATCH_MISSING;
	if (options > packet.length) return ND_MATCH_MISSING;
	size = nd_match_transport(s, OFFSET, 1);
	if (size >= ND_MATCH_MISSING) return size;
	size = size >> 4 << 2;
	if (size < FIXED || (long long)(tcp.at + size) > packet.length) return ND_MATCH_MISSING;
	end = (nd_u32)at_most(size - FIXED, MOST);
	from = packet.data + options;
	if (options + end > packet.linear) {
		if (options < packet.linear) return ND_MATCH_UNREADABLE;
		from = nd_match_fragment(s, (nd_u32)(options - packet.linear), end);
		if (!from) return ND_MATCH_UNREADABLE;
	}
	if (bpf_probe_read_kernel(s->scratch, end, (void *)from)) return ND_MATCH_UNREADABLE;
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
	return (nd_u32)bytes_of_packet(s).length;
}

MATCH_FUNCTION nd_u64 nd_match_protocol(struct nd_subject *s) {
	const nd_u64 protocol = member(s->skb, &nd_the_layout.skb_protocol);

	return of_pkt(s, &nd_the_layout.match.pkt_ethertype, protocol);
}

MATCH_FUNCTION nd_u64 nd_match_priority(struct nd_subject *s) {
	return member(s->skb, &nd_the_layout.match.skb_priority);
}

MATCH_FUNCTION nd_u64 nd_match_mark(struct nd_subject *s) {
	return member(s->skb, &nd_the_layout.match.skb_mark);
}

MATCH_FUNCTION nd_u64 nd_match_nfproto(struct nd_subject *s) {
	return is_freed(s) ? ND_MATCH_UNREADABLE : member(s->state, &nd_the_layout.state_pf);
}

MATCH_FUNCTION nd_u64 nd_match_l4proto(struct nd_subject *s) {
	const struct transport transport = transport_of(s);

	return transport.flags & ND_MATCH_L4 ? transport.protocol : no_transport(s);
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

/* A struct net_device *: nft_in() and nft_out(). 0: there is none. */
static __always_inline nd_u64 in_device(struct nd_subject *s) {
	if (!is_freed(s)) return member(s->state, &nd_the_layout.state_in);
	return s->flags & ND_MATCH_IN_UNKNOWN ? UNKNOWN_DEVICE : s->in;
}

static __always_inline nd_u64 out_device(struct nd_subject *s) {
	if (!is_freed(s)) return member(s->state, &nd_the_layout.state_out);
	return s->flags & ND_MATCH_OUT_UNKNOWN ? UNKNOWN_DEVICE : s->out;
}

/* What a device tells; `without`: what a packet without that device has. */
static __always_inline nd_u64 of_device(nd_u64 dev, const struct nd_field *what, nd_u64 without) {
	if (dev == UNKNOWN_DEVICE) return ND_MATCH_UNREADABLE;
	return dev ? member(dev, what) : without;
}

MATCH_FUNCTION nd_u64 nd_match_iif(struct nd_subject *s) {
	return of_device(in_device(s), &nd_the_layout.dev_ifindex, 0);
}

MATCH_FUNCTION nd_u64 nd_match_oif(struct nd_subject *s) {
	return of_device(out_device(s), &nd_the_layout.dev_ifindex, 0);
}

MATCH_FUNCTION nd_u64 nd_match_iiftype(struct nd_subject *s) {
	return of_device(in_device(s), &nd_the_layout.dev_type, ND_MATCH_MISSING);
}

MATCH_FUNCTION nd_u64 nd_match_oiftype(struct nd_subject *s) {
	return of_device(out_device(s), &nd_the_layout.dev_type, ND_MATCH_MISSING);
}

MATCH_FUNCTION nd_u64 nd_match_iifgroup(struct nd_subject *s) {
	return of_device(in_device(s), &nd_the_layout.match.dev_group, ND_MATCH_MISSING);
}

MATCH_FUNCTION nd_u64 nd_match_oifgroup(struct nd_subject *s) {
	return of_device(out_device(s), &nd_the_layout.match.dev_group, ND_MATCH_MISSING);
}

/* nft_meta_store_ifname(): up to the NUL, and zeroes behind it. */
static __always_inline nd_u64 name_of_device(struct nd_subject *s, nd_u64 dev) {
	any_u64 *words = (any_u64 *)s->bytes;

	words[0] = words[1] = 0;
	if (dev == UNKNOWN_DEVICE) return ND_MATCH_UNREADABLE;
	if (dev &&
	    bpf_probe_read_kernel_str(s->bytes, ND_IFNAME_BYTES, (void *)(dev + nd_the_layout.dev_name.offset)) < 0)
		return ND_MATCH_UNREADABLE;
	return 0;
}

MATCH_FUNCTION nd_u64 nd_match_iifname(struct nd_subject *s) {
	return name_of_device(s, in_device(s));
}

MATCH_FUNCTION nd_u64 nd_match_oifname(struct nd_subject *s) {
	return name_of_device(s, out_device(s));
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
