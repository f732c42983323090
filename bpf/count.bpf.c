// SPDX-License-Identifier: GPL-2.0-only
/*
 * The probe in counting mode: no event, only figures by rule or policy. Specialised like probe.bpf.c.
 *
 * Every instruction here is paid by every dropped packet, and most of the cost is that of reading kernel memory: no
 * more is read than who dropped it, where, and how long the packet is.
 */
#include "shared/count.h"
#include "locate.h"

/* bpf/count_maps.bpf.c */
extern char nd_counts;
extern char nd_unlisted;

enum { ADD_ONLY = 1 }; /* BPF_NOEXIST */

ALWAYS_INLINE void add(struct nd_count *n, nd_u64 length) {
	n->packets += 1;
	n->bytes += length;
	n->last_ns = bpf_ktime_get_ns();
}

/* A rule's first drop on any processor. Not inlined: rare. */
__attribute__((noinline)) int nd_first_drop(const struct nd_count_key *key, nd_u64 length) {
	/* To the verifier a pointer into the caller's stack is fine here: the function is made static. */
	struct nd_count none = {};
	nd_u32 zero = 0;
	struct nd_count *n;

	bpf_map_update_elem(&nd_counts, key, &none, ADD_ONLY);
	/* There now, by us or by another processor; or there is no room. */
	n = bpf_map_lookup_elem(&nd_counts, key);
	if (!n) n = bpf_map_lookup_elem(&nd_unlisted, &zero);
	if (n) add(n, length);
	return 0;
}

SEC("kprobe")
int nd_at_site(void *ctx) {
	const struct nd_layout *lay = &nd_the_layout;
	char pkt_bytes[ND_BLOCK_BYTES] ALIGNED;
	struct nd_count_key key;
	struct nd_count *n;
	struct drop drop;
	struct view pkt;
	nd_u64 handle, length;

	if (!find_drop(ctx, &nd_the_site, &drop)) return 0;
	pkt = look_at(locate(ctx, &nd_the_site, &nd_the_site.pkt), &lay->pkt, pkt_bytes);
	if (drop.cause == ND_CAUSE_POLICY)
		handle = member(drop.base, &lay->chain_handle);
	else
		handle = member(drop.rule, &lay->rule_handle);
	key.culprit = handle << 8 | drop.cause;
	key.table = member(member(drop.base, &lay->chain_table), &lay->table_handle);
	key.netns = member(member(seen(&pkt, &lay->pkt_state), &lay->state_net), &lay->net_cookie);
	length = member(seen(&pkt, &lay->pkt_skb), &lay->skb_len);
	n = bpf_map_lookup_elem(&nd_counts, &key);
	if (!n) return nd_first_drop(&key, length);
	add(n, length);
	return 0;
}
