// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tells what the sockets of a control group do: see shared/sockets.h. User space attaches the programs to the group, so
 * the kernel runs them for the sockets of that group and of the groups below it, and for no others. Every program lets
 * everything pass.
 *
 * The program at the egress hook runs in ip_finish_output(): after the hooks output and postrouting, and so after
 * source NAT. It therefore tells the packet's own addresses, and those that the socket knows where they differ.
 */
#include "shared/sockets.h"
#include "helpers.h"

enum { PASS = 1 };
enum {
	PROTO_ICMP = 1,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_DCCP = 33,
	PROTO_ICMPV6 = 58,
	PROTO_SCTP = 132,
	PROTO_UDPLITE = 136
};
enum { EXT_HOPOPTS = 0, EXT_ROUTING = 43, EXT_FRAGMENT = 44, EXT_AUTH = 51, EXT_DSTOPTS = 60 };

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} nd_socket_records SEC(".maps");

struct told {
	nd_u64 sent_ns;
	nd_u64 received; /* 1: a packet of the flow was received, and that was told */
};

/* The flows that were told. Where the map has forgotten one, that flow is told again. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, struct nd_socket_flow);
	__type(value, struct told);
} nd_socket_told SEC(".maps");

volatile nd_u64 nd_socket_lost = 0; /* records that found no room in the ring */

static __always_inline nd_u16 host16(const nd_u8 *at) {
	return (nd_u16)(at[0] << 8 | at[1]);
}

static __always_inline void copy(nd_u8 *to, const nd_u8 *from, int n) {
#pragma unroll
	for (int i = 0; i < n; i++)
		to[i] = from[i];
}

static __always_inline void put_word(nd_u8 *to, nd_u32 word) {
	__builtin_memcpy(to, &word, 4);
}

static __always_inline void put_words(nd_u8 *to, nd_u32 a, nd_u32 b, nd_u32 c, nd_u32 d) {
	put_word(to, a);
	put_word(to + 4, b);
	put_word(to + 8, c);
	put_word(to + 12, d);
}

static __always_inline void tell(const struct nd_socket_record *record) {
	if (bpf_ringbuf_output(&nd_socket_records, (void *)record, sizeof(*record), 0))
		__sync_fetch_and_add(&nd_socket_lost, 1);
}

/* Tells a flow that a socket sends to, at most once in ND_SOCKET_AGAIN_NS. */
static __always_inline void tell_sent(struct nd_socket_record *r) {
	struct told *told = bpf_map_lookup_elem(&nd_socket_told, &r->flow);
	struct told fresh = {.sent_ns = r->time_ns, .received = 0};

	if (told) {
		if (r->time_ns - told->sent_ns < ND_SOCKET_AGAIN_NS) return;
		told->sent_ns = r->time_ns;
	} else {
		bpf_map_update_elem(&nd_socket_told, &r->flow, &fresh, BPF_ANY);
	}
	tell(r);
}

static __always_inline void tell_received(struct nd_socket_record *r) {
	struct told *told = bpf_map_lookup_elem(&nd_socket_told, &r->flow);
	struct told fresh = {.sent_ns = 0, .received = 1};

	if (told) {
		if (told->received) return;
		told->received = 1;
	} else {
		bpf_map_update_elem(&nd_socket_told, &r->flow, &fresh, BPF_ANY);
	}
	tell(r);
}

static __always_inline int has_ports(nd_u8 protocol) {
	return protocol == PROTO_TCP || protocol == PROTO_UDP || protocol == PROTO_SCTP || protocol == PROTO_UDPLITE ||
	       protocol == PROTO_DCCP;
}

static __always_inline int is_echo(nd_u8 protocol, nd_u8 type) {
	return protocol == PROTO_ICMP ? type == 8 || type == 0
	                              : protocol == PROTO_ICMPV6 && (type == 128 || type == 129);
}

/* Fills in the ports, or an echo's identifier, from the transport header at `at`. */
static __always_inline void read_ports(struct __sk_buff *skb, nd_u32 at, struct nd_socket_flow *f, int leaves) {
	nd_u8 b[8] = {};

	if (!has_ports(f->protocol) && f->protocol != PROTO_ICMP && f->protocol != PROTO_ICMPV6) return;
	if (bpf_skb_load_bytes(skb, at, b, sizeof(b))) return;
	if (has_ports(f->protocol)) {
		f->local_port = host16(leaves ? b : b + 2);
		f->remote_port = host16(leaves ? b + 2 : b);
	} else if (is_echo(f->protocol, b[0])) {
		f->local_port = host16(b + 4);
	}
}

/* Fills in the flow from the packet's headers. 0: this is no packet of a known kind. */
static __always_inline int read_flow(struct __sk_buff *skb, struct nd_socket_flow *f, int leaves) {
	nd_u8 *from = leaves ? f->local : f->remote, *to = leaves ? f->remote : f->local;
	nd_u8 b[40] = {};
	nd_u32 at = sizeof(b);

	if (bpf_skb_load_bytes(skb, 0, b, 20)) return 0;
	if (b[0] >> 4 == 4) {
		f->ip = 4;
		f->protocol = b[9];
		copy(from, b + 12, 4);
		copy(to, b + 16, 4);
		if (host16(b + 6) & 0x1fff) return 1; /* a later fragment has no ports */
		read_ports(skb, (b[0] & 15U) * 4U, f, leaves);
		return 1;
	}
	if (b[0] >> 4 != 6 || bpf_skb_load_bytes(skb, 0, b, sizeof(b))) return 0;
	f->ip = 6;
	f->protocol = b[6];
	copy(from, b + 8, 16);
	copy(to, b + 24, 16);
#pragma unroll
	for (int i = 0; i < 6; i++) {
		nd_u8 protocol = f->protocol;

		if (protocol != EXT_HOPOPTS && protocol != EXT_ROUTING && protocol != EXT_FRAGMENT &&
		    protocol != EXT_AUTH && protocol != EXT_DSTOPTS)
			break;
		if (bpf_skb_load_bytes(skb, at, b, 8)) return 1;
		f->protocol = b[0];
		if (protocol == EXT_FRAGMENT) {
			at += 8;
			if (host16(b + 2) & 0xfff8) return 1;
		} else {
			at += protocol == EXT_AUTH ? (b[1] + 2U) * 4U : (b[1] + 1U) * 8U;
		}
	}
	read_ports(skb, at, f, leaves);
	return 1;
}

/*
 * Puts the addresses and ports that the socket knows into `f`. The other members of `f` stay those of the packet.
 * Returns 0 if the socket is not connected.
 */
static __always_inline int read_socket(struct __sk_buff *skb, struct nd_socket_flow *f) {
	struct bpf_sock *sk = skb->sk;

	if (!sk) return 0;
	sk = bpf_sk_fullsock(sk);
	if (!sk || !sk->dst_port) return 0;
	f->local_port = (nd_u16)sk->src_port;
	f->remote_port = __builtin_bswap16((nd_u16)sk->dst_port);
	if (f->ip == 4) {
		put_word(f->local, sk->src_ip4);
		put_word(f->remote, sk->dst_ip4);
	} else {
		put_words(f->local, sk->src_ip6[0], sk->src_ip6[1], sk->src_ip6[2], sk->src_ip6[3]);
		put_words(f->remote, sk->dst_ip6[0], sk->dst_ip6[1], sk->dst_ip6[2], sk->dst_ip6[3]);
	}
	return 1;
}

SEC("cgroup_skb/egress")
int nd_socket_sends(struct __sk_buff *skb) {
	struct nd_socket_record r = {.kind = ND_SOCKET_SENT};

	if (!read_flow(skb, &r.flow, 1)) return PASS;
	r.time_ns = bpf_ktime_get_ns();
	r.cookie = bpf_get_socket_cookie(skb);
	tell_sent(&r);
	if (has_ports(r.flow.protocol) && read_socket(skb, &r.flow)) tell_sent(&r);
	return PASS;
}

SEC("cgroup_skb/ingress")
int nd_socket_receives(struct __sk_buff *skb) {
	struct nd_socket_record r = {.kind = ND_SOCKET_RECEIVED};

	if (!read_flow(skb, &r.flow, 0)) return PASS;
	r.time_ns = bpf_ktime_get_ns();
	r.cookie = bpf_get_socket_cookie(skb);
	tell_received(&r);
	return PASS;
}

/* inet_bind(): the socket has its address and its port. Each hook may read the address of its own family alone. */
static __always_inline int tell_bound(struct bpf_sock *sk, nd_u8 ip) {
	struct nd_socket_record r = {.kind = ND_SOCKET_BOUND};

	if (!sk->src_port) return PASS;
	r.time_ns = bpf_ktime_get_ns();
	r.cookie = bpf_get_socket_cookie(sk);
	r.flow.protocol = (nd_u8)sk->protocol;
	r.flow.local_port = (nd_u16)sk->src_port;
	r.flow.ip = ip;
	if (ip == 4)
		put_word(r.flow.local, sk->src_ip4);
	else
		put_words(r.flow.local, sk->src_ip6[0], sk->src_ip6[1], sk->src_ip6[2], sk->src_ip6[3]);
	if (!has_ports(r.flow.protocol)) return PASS;
	tell(&r);
	return PASS;
}

SEC("cgroup/post_bind4")
int nd_socket_binds4(struct bpf_sock *sk) {
	return tell_bound(sk, 4);
}

SEC("cgroup/post_bind6")
int nd_socket_binds6(struct bpf_sock *sk) {
	return tell_bound(sk, 6);
}

/*
 * sendto() of an unconnected UDP socket, whose port is chosen (inet_send_prepare()). The destination is the one before
 * destination NAT.
 */
static __always_inline int tell_sends_to(struct bpf_sock_addr *to, nd_u8 ip) {
	struct nd_socket_record r = {.kind = ND_SOCKET_SENDS_TO};
	struct bpf_sock *sk = to->sk;

	if (!sk || !sk->src_port) return PASS;
	r.time_ns = bpf_ktime_get_ns();
	r.cookie = bpf_get_socket_cookie(to);
	r.flow.ip = ip;
	r.flow.protocol = (nd_u8)to->protocol;
	r.flow.local_port = (nd_u16)sk->src_port;
	r.flow.remote_port = __builtin_bswap16((nd_u16)to->user_port);
	if (ip == 4)
		put_word(r.flow.remote, to->user_ip4);
	else
		put_words(r.flow.remote, to->user_ip6[0], to->user_ip6[1], to->user_ip6[2], to->user_ip6[3]);
	tell_sent(&r);
	return PASS;
}

SEC("cgroup/sendmsg4")
int nd_socket_sends_to4(struct bpf_sock_addr *to) {
	return tell_sends_to(to, 4);
}

SEC("cgroup/sendmsg6")
int nd_socket_sends_to6(struct bpf_sock_addr *to) {
	return tell_sends_to(to, 6);
}

SEC("cgroup/sock_release")
int nd_socket_closes(struct bpf_sock *sk) {
	struct nd_socket_record r = {.kind = ND_SOCKET_CLOSED};

	r.time_ns = bpf_ktime_get_ns();
	r.cookie = bpf_get_socket_cookie(sk);
	tell(&r);
	return PASS;
}

const char nd_license[] SEC("license") = "GPL";
