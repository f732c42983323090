/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the sockets of a control group do, as bpf/sockets.bpf.c writes it into the ring buffer nd_socket_records: which
 * flows they use, which ports are theirs, and when they are closed.
 *
 * A record of a packet that leaves is in the ring before the packet leaves. Whoever has read an event of a drop
 * (event.h) and reads this ring afterwards therefore knows the flow that the dropped packet answers.
 */
#ifndef NFT_DROPS_BPF_SHARED_SOCKETS_H
#define NFT_DROPS_BPF_SHARED_SOCKETS_H

#include "event.h"

enum nd_socket_record_kind {
	ND_SOCKET_SENT = 1,     /* a packet of this flow leaves; told again every ND_SOCKET_AGAIN_NS at most */
	ND_SOCKET_RECEIVED = 2, /* the first packet of this flow that reaches its socket */
	ND_SOCKET_SENDS_TO = 3, /* an unconnected socket sends from its port; the local address is not chosen yet: 0 */
	ND_SOCKET_BOUND = 4,  /* the port is the socket's; local address 0: of all addresses; there is no remote end */
	ND_SOCKET_CLOSED = 5, /* only `cookie` and `time_ns` are told */
};

#define ND_SOCKET_AGAIN_NS 1000000000ULL

/* The two ends of a flow. Addresses are in network byte order, ports in host byte order. */
struct nd_socket_flow {
	nd_u8 ip;           /* 4 or 6 */
	nd_u8 protocol;     /* IPPROTO_* */
	nd_u16 local_port;  /* of an ICMP echo: its identifier; 0 where the packet has no ports */
	nd_u16 remote_port; /* of an ICMP echo: 0 */
	nd_u16 pad;
	nd_u8 local[16]; /* an IPv4 address is in the first 4 bytes, the others are 0 */
	nd_u8 remote[16];
};

struct nd_socket_record {
	nd_u64 time_ns; /* CLOCK_MONOTONIC, as nd_event.time_ns */
	nd_u64 cookie;  /* the socket's (SO_COOKIE); before accept(2), the listener's */
	nd_u32 kind;    /* enum nd_socket_record_kind */
	nd_u32 pad;
	struct nd_socket_flow flow;
};

#ifdef __cplusplus
static_assert(sizeof(nd_socket_flow) == 40 && sizeof(nd_socket_record) == 64, "no padding");
#endif

#endif
