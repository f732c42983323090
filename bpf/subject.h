/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The packet that a filter asks about: the members of sk_buff and nft_pktinfo that match.h needs, loaded when they are
 * asked for, or filled in before.
 */
#ifndef NFT_DROPS_BPF_SUBJECT_H
#define NFT_DROPS_BPF_SUBJECT_H

#include "locate.h"
#include "settings.h"
#include "shared/match.h"

/*
 * Whether a function of match.h loads the members that it asks for, and nd_subject has addresses only. Most drops are
 * decided by few members, and every load costs. Otherwise fill_subject() fills in all members: where a call of
 * bpf_probe_read_kernel() reads a whole block, and in an audit, because a freed packet has no nft_pktinfo.
 */
static __always_inline int loads_on_demand(void) {
	return can_load() && !nd_the_settings.drop_reason;
}

static __always_inline nd_u64 head_of(const struct nd_subject *s) {
	return loads_on_demand() ? member(s->skb, &nd_the_layout.skb_head) : s->head;
}

/*
 * The packet's bytes: the address of skb->data, and as nd_subject.length and .linear. All with 64 bits: BPF has no
 * arithmetic of 32 bits, and every conversion takes two instructions.
 */
struct packet_bytes {
	nd_u64 data;
	long long length, linear;
};

static __always_inline struct packet_bytes bytes_of_packet(const struct nd_subject *s) {
	const struct nd_layout *lay = &nd_the_layout;
	nd_u64 length, in_fragments;
	struct object skb;

	if (!loads_on_demand())
		return (struct packet_bytes){.data = s->head + s->data, .length = s->length, .linear = s->linear};
	skb = object_at(s->skb);
	two_members(&skb, &lay->skb_len, &lay->skb_data_len, &length, &in_fragments);
	return (struct packet_bytes){.data = member_of(&skb, &lay->skb_data),
	                             .length = (long long)length,
	                             .linear = (long long)(length - in_fragments)};
}

/* Headers, as nd_subject.network and .mac, and where skb->data is. */
struct headers {
	nd_u32 data, network, mac;
};

static __always_inline struct headers headers_of(const struct nd_subject *s) {
	const struct nd_layout *lay = &nd_the_layout;
	struct object skb;

	if (!loads_on_demand()) return (struct headers){.data = s->data, .network = s->network, .mac = s->mac};
	skb = object_at(s->skb);
	return (struct headers){.data = (nd_u32)(member_of(&skb, &lay->skb_data) - member_of(&skb, &lay->skb_head)),
	                        .network = (nd_u32)member_of(&skb, &lay->skb_network_header),
	                        .mac = (nd_u32)member_of(&skb, &lay->skb_mac_header)};
}

/* As the members of nd_subject with these names; `at`: nd_subject.transport. */
struct transport {
	nd_u32 flags, protocol, fragment, at;
};

static __always_inline struct transport transport_of(const struct nd_subject *s) {
	const struct nd_match_layout *m = &nd_the_layout.match;
	const int begin = (short)m->pkt_flags.offset;
	struct object pkt;
	nd_u64 window;

	if (!loads_on_demand())
		return (struct transport){
		        .flags = s->flags, .protocol = s->protocol, .fragment = s->fragment, .at = s->transport};
	pkt = object_at(s->pkt);
	if (is_in_window(begin, &m->pkt_flags) && is_in_window(begin, &m->pkt_tprot) &&
	    is_in_window(begin, &m->pkt_fragoff) && is_in_window(begin, &m->pkt_thoff)) {
		window = bytes_of(&pkt, begin, 8);
		return (struct transport){.flags = (nd_u32)in_window(window, begin, &m->pkt_flags),
		                          .protocol = (nd_u32)in_window(window, begin, &m->pkt_tprot),
		                          .fragment = (nd_u32)in_window(window, begin, &m->pkt_fragoff),
		                          .at = (nd_u32)in_window(window, begin, &m->pkt_thoff)};
	}
	return (struct transport){.flags = (nd_u32)member_of(&pkt, &m->pkt_flags),
	                          .protocol = (nd_u32)member_of(&pkt, &m->pkt_tprot),
	                          .fragment = (nd_u32)member_of(&pkt, &m->pkt_fragoff),
	                          .at = (nd_u32)member_of(&pkt, &m->pkt_thoff)};
}

#endif
