/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a filter (the user's MATCH or --pcap) looks at: one packet inside nft_do_chain, or, with --audit, one that other
 * code of netfilter freed. The probe fills it in for each drop (bpf/match.h, bpf/freed.h), the generated function
 * nd_match() reads it (jit/compile/match.cpp).
 */
#ifndef NFT_DROPS_BPF_SHARED_MATCH_H
#define NFT_DROPS_BPF_SHARED_MATCH_H

#include "event.h"

/* What nd_match() says of a drop. */
enum nd_matched {
	ND_MATCHED_NO = 0,
	ND_MATCHED_YES = 1,
	ND_MATCHED_UNDECIDED = 2, /* bytes or facts that decide are there, and cannot be read */
};

/*
 * What the functions of bpf/match.h return: a value of 32 bits, or one of these. The bytes of a longer value are in
 * nd_subject.bytes.
 */
#define ND_MATCH_MISSING (1ULL << 32)    /* the packet has no such thing: a rule ends there (NFT_BREAK) */
#define ND_MATCH_UNREADABLE (1ULL << 33) /* the packet may have it: it cannot be read */

#define ND_MATCH_BYTES 64      /* 16 registers of 32 bits */
#define ND_MATCH_FRAGMENTS 17  /* page fragments of a packet that are looked at (MAX_SKB_FRAGS by default) */
#define ND_MATCH_NO_MAC 0xffff /* nd_subject.mac: skb_mac_header_was_set() is false */
#define ND_SUBJECT_SCRATCH 256 /* ND_SKB_BLOCK_BYTES */

/* nd_subject.flags */
#define ND_MATCH_L4 1 /* NFT_PKTINFO_L4PROTO, which is the lowest of eight bits */
/* Of a freed packet, which may be or have these, but nothing tells: */
#define ND_MATCH_L4_UNKNOWN 0x100
#define ND_MATCH_IN_UNKNOWN 0x200
#define ND_MATCH_OUT_UNKNOWN 0x400

/*
 * nd_match()'s family where no table dropped the packet: ND_MATCH_FREED plus the NFPROTO_* that the packet's protocol
 * belongs to, NFPROTO_UNSPEC (0) for a protocol without tables of its own.
 */
#define ND_MATCH_FREED 0x100

/* Offsets of headers count from skb->head; `transport` from skb->data, as nft_pktinfo has it. */
struct nd_subject {
	nd_u64 skb;   /* struct sk_buff * */
	nd_u64 pkt;   /* struct nft_pktinfo *; not of a freed packet */
	nd_u64 state; /* struct nf_hook_state *; 0: the packet was freed, and its hook is not known */
	/* The rest may be empty, until a function needs it: loads_on_demand() in bpf/match.h. */
	nd_u64 head;    /* skb->head */
	nd_u64 in, out; /* of a freed packet: struct net_device *, 0: it has none */
	nd_u32 data;    /* skb->data */
	nd_u32 length;  /* skb->len: bytes from skb->data on */
	nd_u32 linear;  /* of these, those at skb->data; the rest is in page fragments */
	nd_u32 network; /* network header */
	nd_u32 mac;     /* link header, ND_MATCH_NO_MAC where there is none */
	nd_u32 transport;
	nd_u32 fragment; /* offset of an IP fragment in its packet, 0 of the first one */
	nd_u32 flags;    /* nft_pktinfo.flags */
	nd_u32 protocol; /* nft_pktinfo.tprot: IPPROTO_* */
	nd_u32 pad;
	nd_u8 bytes[ND_MATCH_BYTES]; /* of values that are longer than 4 bytes */
	nd_u8 scratch[ND_SUBJECT_SCRATCH];
};

#endif
