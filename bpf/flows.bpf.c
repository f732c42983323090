// SPDX-License-Identifier: GPL-2.0-only
/*
 * The probe in aggregating mode: no event, but sums by rule and by flow. Specialised like probe.bpf.c. shared/flow.h
 * says where the sums lie, how a reader gets them, and what nested interrupts do. The file has more than 500 lines
 * because clang compiles the template as one unit, as it does with probe.bpf.c.
 *
 * Who a culprit is, is found out once in an epoch, and then known by its address (nd_flow_known). In one namespace, at
 * one generation of its ruleset, an address that packets come by is always the same rule's:
 * - Packets come by rules through their chain's blob or array of rules. nf_tables_commit() alone puts a new one there,
 *   after it has raised the generation. A packet that meets the new rule reads the new generation here, or a later
 *   one. A packet that still meets a former rule may read the new generation, too; but the memory of a former rule is
 *   given away only after all such packets have left (call_rcu(), synchronize_rcu()), and what is made of it then
 *   is reached by packets only after the generation was raised once more.
 * - Packets come by base chains through hooks, and nf_tables_newchain() registers one before the commit. Such a chain,
 *   and one that is being deleted, has a genmask that is not 0: nothing is kept of it, and nothing known is used for
 *   it. Its handle, which no other chain of its table had or will have, is compared on top.
 * - A namespace's cookie is never given again. Where the kernel has none, the inode number may be, and the generation
 *   of the new namespace may be that of the former one: there nothing is kept.
 */
#include "locate.h"
#include "match.h"
#include "self_test.h"
#include "shared/flow.h"

/* bpf/flow_maps.bpf.c */
extern char nd_flow_control;
extern char nd_flow_regions;
extern char nd_flow_rules;
extern char nd_flow_entries;
extern char nd_flow_rule_slots;
extern char nd_flow_slots;
extern char nd_flow_known;
extern char nd_flow_subjects;
extern char nd_ignored;

enum {
	IPPROTO_ICMP_ = 1,
	IPPROTO_TCP_ = 6,
	IPPROTO_UDP_ = 17,
	IPPROTO_DCCP_ = 33,
	IPPROTO_ICMPV6_ = 58,
	IPPROTO_SCTP_ = 132,
	IPPROTO_UDPLITE_ = 136,
	ETHERTYPE_IP = 0x0800,
	ETHERTYPE_ARP = 0x0806,
	ETHERTYPE_IP6 = 0x86dd,
	ARP_BYTES = 28, /* Ethernet over IPv4 */
};

/* A drop, and where it is to be counted. */
struct sighting {
	nd_u64 who; /* as in struct nd_flow_known */
	nd_u64 rule;
	nd_u64 base;
	nd_u64 pkt;
	/* Found out on the way. */
	nd_u64 skb, state, net;
	nd_u64 netns, chain;
	nd_u64 in, out; /* devices */
	nd_u64 now, length, data_len;
	const volatile struct nd_flow_control *control;
	nd_u64 described; /* place of the rule in the region that describe() filled in, plus 1; 0 if none */
	nd_u32 generation;
	nd_u32 epoch, cpu, region;
};

/* Places that are none: for want of room, and of packets of a self-test, which are in no figure. */
#define NO_ROOM (~0ULL)
#define IGNORED (~1ULL)

static __always_inline nd_u64 mix(nd_u64 hash, nd_u64 word) {
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 32;
}

static __always_inline nd_u32 swapped16(nd_u64 v) {
	return (nd_u32)((v & 0xff) << 8 | (v >> 8 & 0xff));
}

static __always_inline void add(struct nd_flow_sum *sum, const struct sighting *s) {
	if (!sum->packets) sum->first_ns = s->now;
	sum->packets += 1;
	sum->bytes += s->length;
	sum->last_ns = s->now;
}

/* Whether the name did not fit. */
static __always_inline int copy_name(char to[ND_NAME_BYTES], nd_u64 from) {
	char last = 0;
	long n = bpf_probe_read_kernel_str(to, ND_NAME_BYTES, (void *)from);

	if (n < 0) to[0] = 0;
	if (n == ND_NAME_BYTES) bpf_probe_read_kernel(&last, 1, (void *)(from + ND_NAME_BYTES - 1));
	return last != 0;
}

/* Everything of a rule that was not in this region yet. */
static __always_inline void describe(struct nd_flow_rule *rule, const struct sighting *s,
                                     const struct nd_flow_rule_key *key) {
	const struct nd_layout *lay = &nd_the_layout;
	nd_u64 table = member(s->base, &lay->chain_table);

	rule->key = *key;
	rule->sum.packets = 0;
	rule->sum.bytes = 0;
	rule->expr_ops = 0; /* see name_expression() */
	rule->netns_inode = (nd_u32)member(s->net, &lay->net_inum);
	rule->family = (nd_u8)member(table, &lay->table_family);
	rule->pf = (nd_u8)member(s->state, &lay->state_pf);
	rule->hook = (nd_u8)member(s->state, &lay->state_hook);
	rule->flags = 0;
	if (copy_name(rule->table, member(table, &lay->table_name))) rule->flags |= ND_FLAG_TABLE_CUT;
	if (copy_name(rule->base_chain, member(s->base, &lay->chain_name))) rule->flags |= ND_FLAG_CHAIN_CUT;
}

static __always_inline int same_rule(const struct nd_flow_rule_key *a, const struct nd_flow_rule_key *b) {
	return a->netns == b->netns && a->table == b->table && a->culprit == b->culprit && a->chain == b->chain &&
	       a->generation == b->generation;
}

/* The rule's place in the region. Not inlined: rare. */
__noinline nd_u64 nd_rule_place(struct sighting *s) {
	const struct nd_layout *lay = &nd_the_layout;
	const nd_u64 cause = s->who & 7;
	struct nd_flow_rule_key key;
	struct nd_flow_region *region;
	struct nd_flow_rule *rule;
	struct nd_flow_slot *slot;
	nd_u64 hash = s->control->seed;
	nd_u32 at, place;

	if (is_self_test(&nd_ignored, s->netns)) return IGNORED;
	key.netns = s->netns;
	key.table = member(member(s->base, &lay->chain_table), &lay->table_handle);
	key.culprit = (cause == ND_CAUSE_POLICY ? s->chain : member(s->rule, &lay->rule_handle)) << 8 | cause;
	key.chain = s->chain;
	key.generation = s->generation;
	hash = mix(mix(mix(mix(mix(hash, key.netns), key.table), key.culprit), key.chain), key.generation);
#pragma unroll
	for (nd_u32 i = 0; i < 2 * ND_FLOW_PROBES; i++) {
		at = (nd_u32)(hash + i) & (ND_FLOW_SLOTS * s->control->rules - 1);
		at += s->cpu * ND_FLOW_SLOTS * s->control->rules;
		slot = bpf_map_lookup_elem(&nd_flow_rule_slots, &at);
		if (!slot) return NO_ROOM;
		if (slot->epoch != s->epoch) {
			at = s->region;
			region = bpf_map_lookup_elem(&nd_flow_regions, &at);
			if (!region) return NO_ROOM;
			place = region->rules;
			if (place >= s->control->rules) return NO_ROOM;
			at = s->region * s->control->rules + place;
			rule = bpf_map_lookup_elem(&nd_flow_rules, &at);
			if (!rule) return NO_ROOM;
			describe(rule, s, &key);
			s->described = at + 1;
			region->rules = place + 1;
			slot->place = place;
			slot->epoch = s->epoch;
			return place;
		}
		place = slot->place;
		at = s->region * s->control->rules + place;
		rule = bpf_map_lookup_elem(&nd_flow_rules, &at);
		if (rule && same_rule(&rule->key, &key)) return place;
	}
	return NO_ROOM;
}

static __always_inline void fill_name(char name[ND_IFNAME_BYTES], nd_u64 dev) {
	any_u64 *words = (any_u64 *)name;
	const nd_u64 from = dev + nd_the_layout.dev_name.offset;

	words[0] = dev ? read_memory(from, 8) : 0;
	words[1] = dev ? read_memory(from + 8, 8) : 0;
}

static __always_inline int has_ports(nd_u8 protocol) {
	return protocol == IPPROTO_TCP_ || protocol == IPPROTO_UDP_ || protocol == IPPROTO_SCTP_ ||
	       protocol == IPPROTO_UDPLITE_ || protocol == IPPROTO_DCCP_;
}

/* Reads the transport header at the address `at`. `have` bytes of the packet are there. */
static __always_inline void find_port(struct nd_flow_key *key, nd_u64 at, long long have) {
	if (has_ports(key->protocol)) {
		if (have < 4) return;
		key->port = (nd_u16)swapped16(read_memory(at + 2, 2));
		key->kind |= ND_FLOW_PORT;
	} else if (key->protocol == IPPROTO_ICMP_ || key->protocol == IPPROTO_ICMPV6_) {
		if (have < 2) return;
		key->port = (nd_u16)swapped16(read_memory(at, 2));
		key->kind |= ND_FLOW_PORT;
	}
}

static __always_inline void find_ip(struct nd_flow_key *key, nd_u64 at, long long have) {
	const struct object packet = object_at(at);
	nd_u64 first, second, header;

	if (have < 20) return;
	first = bytes_of(&packet, 0, 8);
	second = bytes_of(&packet, 8, 8);
	if ((first & 0xf0) != 0x40) return;
	key->kind = ND_FLOW_IP;
	key->protocol = (nd_u8)(second >> 8);
	key->saddr[0] = second >> 32;
	key->daddr[0] = bytes_of(&packet, 16, 4);
	header = (first & 0xf) * 4;
	/* Bytes 6 and 7 are flags and offset: a later fragment has no ports. */
	if (header < 20 || (swapped16(first >> 48) & 0x1fff)) return;
	find_port(key, at + header, have - (long long)header);
}

struct walk {
	nd_u64 at;
	long long have;
	nd_u32 protocol;
	nd_u32 later; /* it is a later fragment */
};

/* Over the extension headers. Not inlined: rare. */
__noinline int nd_walk(struct walk *w) {
#pragma unroll
	for (int i = 0; i < IP6_HEADERS_MOST; i++) {
		nd_u64 head, length;

		if (w->later || !is_extension(w->protocol)) return 0;
		if (w->have < 8) {
			w->later = 1;
			return 0;
		}
		head = read_memory(w->at, 8);
		length = extension_bytes(w->protocol, head & 0xffff);
		if (w->protocol == IP6_FRAGMENT && (swapped16(head >> 16) & 0xfff8)) w->later = 1;
		w->protocol = (nd_u32)(head & 0xff);
		w->at += length;
		w->have -= (long long)length;
	}
	if (is_extension(w->protocol)) w->later = 1;
	return 0;
}

static __always_inline void find_ip6(struct nd_flow_key *key, nd_u64 at, long long have) {
	const struct object packet = object_at(at);
	struct walk w;
	nd_u64 first;

	if (have < 40) return;
	first = bytes_of(&packet, 0, 8);
	if ((first & 0xf0) != 0x60) return;
	key->kind = ND_FLOW_IP6;
	key->saddr[0] = bytes_of(&packet, 8, 8);
	key->saddr[1] = bytes_of(&packet, 16, 8);
	key->daddr[0] = bytes_of(&packet, 24, 8);
	key->daddr[1] = bytes_of(&packet, 32, 8);
	w.at = at + 40;
	w.have = have - 40;
	w.protocol = (nd_u32)(first >> 48 & 0xff);
	w.later = 0;
	if (is_extension(w.protocol)) nd_walk(&w);
	key->protocol = (nd_u8)w.protocol;
	if (!w.later) find_port(key, w.at, w.have);
}

static __always_inline void find_arp(struct nd_flow_key *key, nd_u64 at, long long have) {
	nd_u64 first;

	if (have < 8) return;
	first = read_memory(at, 8);
	key->kind = ND_FLOW_ARP | ND_FLOW_PORT;
	key->port = (nd_u16)swapped16(first >> 48);
	/* Ethernet (1) over IPv4 (0x0800), with 6 and 4 bytes. */
	if ((first & 0xffffffffffffULL) != 0x040600080100ULL || have < ARP_BYTES) return;
	key->saddr[0] = read_memory(at + 14, 4);
	key->daddr[0] = read_memory(at + 24, 4);
}

/* Where a packet's network header is, and how many bytes of the packet are there. */
struct network {
	nd_u64 at;
	long long have;
	nd_u32 type; /* ETHERTYPE_* */
};

/* Everything but what find_flow() does itself. Not inlined: `key` then lies in memory and not in registers. */
__noinline int nd_find_flow(struct nd_flow_key *key, const struct network *network) {
	key->kind = ND_FLOW_OTHER;
	if (network->type == ETHERTYPE_IP)
		find_ip(key, network->at, network->have);
	else if (network->type == ETHERTYPE_IP6)
		find_ip6(key, network->at, network->have);
	else if (network->type == ETHERTYPE_ARP)
		find_arp(key, network->at, network->have);
	if (key->kind == ND_FLOW_OTHER) key->port = (nd_u16)network->type;
	return 0;
}

/*
 * IPv4 without options and not in fragments, of a protocol with ports: most packets. The fragment's flags and offset
 * are bytes 6 and 7, the protocol is byte 9, addresses and ports are the bytes from 12 on.
 */
static __always_inline int find_plain(struct nd_flow_key *key, const struct network *network) {
	const struct object packet = object_at(network->at);
	nd_u64 first, second, third;

	if (network->type != ETHERTYPE_IP || network->have < 24) return 0;
	first = bytes_of(&packet, 0, 8);
	if ((first & 0xff) != 0x45 || (first & 0xff3f000000000000ULL)) return 0;
	second = bytes_of(&packet, 8, 8);
	if (!has_ports((nd_u8)(second >> 8))) return 0;
	third = bytes_of(&packet, 16, 8);
	key->port = (nd_u16)swapped16(third >> 48);
	key->protocol = (nd_u8)(second >> 8);
	key->kind = ND_FLOW_IP | ND_FLOW_PORT;
	key->saddr[0] = second >> 32;
	key->daddr[0] = (nd_u32)third;
	return 1;
}

/* Which flow the packet is of. What lies outside of the packet's linear part is not looked at. */
static __always_inline void find_flow(struct nd_flow_key *key, const struct sighting *s) {
	const struct nd_layout *lay = &nd_the_layout;
	const struct object skb = object_at(s->skb);
	struct network network;
	nd_u64 header, protocol;

	two_members(&skb, &lay->skb_network_header, &lay->skb_protocol, &header, &protocol);
	network.at = header + member_of(&skb, &lay->skb_head);
	network.have = (long long)(member_of(&skb, &lay->skb_data) + s->length - s->data_len - network.at);
	network.type = swapped16(protocol);
	key->iif = s->in ? (nd_u32)member(s->in, &lay->dev_ifindex) : 0;
	key->oif = s->out ? (nd_u32)member(s->out, &lay->dev_ifindex) : 0;
	key->port = 0;
	key->protocol = 0;
	key->saddr[0] = key->saddr[1] = key->daddr[0] = key->daddr[1] = 0;
	if (!find_plain(key, &network)) nd_find_flow(key, &network);
}

static __always_inline int same_flow(const struct nd_flow_key *a, const struct nd_flow_key *b) {
	const any_u64 *x = (const any_u64 *)a, *y = (const any_u64 *)b;

	return x[0] == y[0] && x[1] == y[1] && x[2] == y[2] && x[3] == y[3] && x[4] == y[4] && x[5] == y[5];
}

static __always_inline void count_flow(const struct sighting *s, nd_u64 rule_place, struct nd_flow_region *region) {
	struct nd_flow_key key ALIGNED;
	const any_u64 *words = (const any_u64 *)&key;
	struct nd_flow_slot *slot;
	struct nd_flow *flow;
	nd_u64 hash = s->control->seed;
	nd_u32 at, place;

	key.rule = (nd_u32)rule_place;
	find_flow(&key, s);
	hash = mix(mix(mix(mix(hash, words[0]), words[1]), key.saddr[0]), key.daddr[0]);
	if (key.saddr[1] | key.daddr[1]) hash = mix(mix(hash, key.saddr[1]), key.daddr[1]);
#pragma unroll
	for (nd_u32 i = 0; i < ND_FLOW_PROBES; i++) {
		at = (nd_u32)(hash + i) & (ND_FLOW_SLOTS * s->control->flows - 1);
		at += s->cpu * ND_FLOW_SLOTS * s->control->flows;
		slot = bpf_map_lookup_elem(&nd_flow_slots, &at);
		if (!slot) return;
		if (slot->epoch != s->epoch) {
			place = region->flows;
			if (place >= s->control->flows) return;
			at = s->region * s->control->flows + place;
			flow = bpf_map_lookup_elem(&nd_flow_entries, &at);
			if (!flow) return;
			flow->key = key;
			flow->sum.packets = 0;
			flow->sum.bytes = 0;
			fill_name(flow->iifname, s->in);
			fill_name(flow->oifname, s->out);
			add(&flow->sum, s);
			region->flows = place + 1;
			slot->place = place;
			slot->epoch = s->epoch;
			return;
		}
		at = s->region * s->control->flows + slot->place;
		flow = bpf_map_lookup_elem(&nd_flow_entries, &at);
		if (!flow) return;
		if (same_flow(&flow->key, &key)) {
			add(&flow->sum, s);
			return;
		}
	}
}

/* The place of the rule's figures, by what is known of its address. */
static __always_inline nd_u64 place_of(struct sighting *s) {
	const struct nd_layout *lay = &nd_the_layout;
	const struct nd_field whole = {.offset = 0, .size = 4};
	const struct object base = object_at(s->base);
	nd_u32 at = (nd_u32)(mix(s->who, s->base) >> (32 - ND_FLOW_KNOWN_BITS)) & ((1 << ND_FLOW_KNOWN_BITS) - 1);
	struct nd_flow_known *known;
	nd_u64 generation_at;
	int lasting, same_net;

	at += s->cpu << ND_FLOW_KNOWN_BITS;
	known = bpf_map_lookup_elem(&nd_flow_known, &at);
	if (!known) return NO_ROOM;
	/* The generation after the chain: see is_of() in probe.bpf.c. */
	s->chain = member_of(&base, &lay->chain_handle);
	lasting = lay->net_cookie.size && lay->chain_genmask.size && !member_of(&base, &lay->chain_genmask);
	/* A cookie is never given again, so `netns` tells whose generation lies there. */
	same_net = lay->net_cookie.size && known->netns == s->netns && known->generation_at;
	generation_at = same_net ? known->generation_at : find_generation(s->net, lay);
	s->generation = (nd_u32)member(generation_at, &whole);
	if (lasting && same_net && known->who == s->who && known->base == s->base && known->chain == s->chain &&
	    known->generation == s->generation && known->epoch == s->epoch)
		return known->place;
	lasting = lasting && s->generation && s->netns;
	known->epoch = 0;
	{
		nd_u64 place = nd_rule_place(s);

		if (!lasting || place >= s->control->rules) return place;
		known->who = s->who;
		known->base = s->base;
		known->netns = s->netns;
		known->generation_at = generation_at;
		known->chain = s->chain;
		known->generation = s->generation;
		known->epoch = s->epoch;
		known->place = place;
		return place;
	}
}

/* Whether the drop is in the wanted namespace, and the filter takes it. Within the region's `busy`. */
static __always_inline int is_wanted(const struct sighting *s, struct nd_flow_region *region) {
	const struct nd_layout *lay = &nd_the_layout;
	const nd_u32 only = (nd_u32)s->control->netns;
	struct nd_subject *subject;
	int matched;

	if (only && (nd_u32)member(s->net, &lay->net_inum) != only) return 0;
	if (!nd_the_settings.filter) return 1;
	if (is_self_test(&nd_ignored, s->netns)) return 0;
	region->seen += 1;
	subject = bpf_map_lookup_elem(&nd_flow_subjects, &s->cpu);
	matched = ND_MATCHED_UNDECIDED;
	if (subject) {
		fill_subject(subject, s->pkt, s->skb, s->state, lay);
		matched = nd_match(subject, by_base_chain(s->base));
	}
	if (matched == ND_MATCHED_UNDECIDED) region->undecided += 1;
	return matched == ND_MATCHED_YES;
}

static __always_inline void count_drop(struct sighting *s, struct nd_flow_region *region) {
	const struct nd_layout *lay = &nd_the_layout;
	const struct object pkt = object_at(s->pkt);
	struct nd_flow_rule *rule = 0;
	struct object state, skb;
	nd_u64 place;
	nd_u32 at;

	s->skb = member_of(&pkt, &lay->pkt_skb);
	s->state = member_of(&pkt, &lay->pkt_state);
	state = object_at(s->state);
	s->net = member_of(&state, &lay->state_net);
	s->netns = member(s->net, lay->net_cookie.size ? &lay->net_cookie : &lay->net_inum);
	if (!is_wanted(s, region)) return;
	s->in = member_of(&state, &lay->state_in);
	s->out = member_of(&state, &lay->state_out);
	skb = object_at(s->skb);
	two_members(&skb, &lay->skb_len, &lay->skb_data_len, &s->length, &s->data_len);
	s->now = bpf_ktime_get_ns();
	place = place_of(s);
	if (place == IGNORED) return;
	at = s->region * s->control->rules + (nd_u32)place;
	if (place < s->control->rules) rule = bpf_map_lookup_elem(&nd_flow_rules, &at);
	if (!rule) {
		add(&region->unlisted, s);
		return;
	}
	add(&rule->sum, s);
	count_flow(s, place, region);
}

/* The same for all sites: a function of its own, so that it is compiled once. */
__noinline int nd_count_drop(struct sighting *s) {
	const volatile struct nd_flow_control *control;
	struct nd_flow_region *region;
	nd_u32 zero = 0;

	control = bpf_map_lookup_elem(&nd_flow_control, &zero);
	if (!control) return 0;
	s->epoch = control->epoch; /* once */
	s->cpu = bpf_get_smp_processor_id();
	if (!s->epoch || s->cpu >= control->cpus) return 0;
	s->region = (s->epoch & 1) * control->cpus + s->cpu;
	s->control = control;
	region = bpf_map_lookup_elem(&nd_flow_regions, &s->region);
	if (!region) return 0;
	if (*(volatile nd_u64 *)&region->busy) {
		__sync_fetch_and_add(&region->nested, 1);
		return 0;
	}
	*(volatile nd_u64 *)&region->busy = 1;
	asm volatile("" ::: "memory");
	count_drop(s, region);
	asm volatile("" ::: "memory");
	*(volatile nd_u64 *)&region->busy = 0;
	return 0;
}

/* Only the site knows where the expression is, and only a rule that is new in its region is asked for it. */
static __always_inline void name_expression(void *ctx, const struct sighting *s) {
	const nd_u64 expr = locate(ctx, &nd_the_site, &nd_the_site.expr);
	nd_u32 at = (nd_u32)s->described - 1;
	struct nd_flow_rule *rule = bpf_map_lookup_elem(&nd_flow_rules, &at);

	if (rule && expr) rule->expr_ops = member(expr, &nd_the_layout.expr_ops);
}

SEC("kprobe")
int nd_at_site(void *ctx) {
	struct sighting s;
	struct nd_drop drop;

	if (!find_drop(ctx, &nd_the_site, &drop)) return 0;
	s.rule = drop.rule;
	s.base = drop.base;
	s.pkt = drop.pkt;
	s.who = (drop.cause == ND_CAUSE_POLICY ? drop.base : drop.rule) + drop.cause;
	s.described = 0;
	nd_count_drop(&s);
	if (s.described && drop.cause == ND_CAUSE_RULE) name_expression(ctx, &s);
	return 0;
}
