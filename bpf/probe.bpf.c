// SPDX-License-Identifier: GPL-2.0-only
/*
 * The probe template that reports drops: its program runs when nft_do_chain drops a packet. The file has more than 500
 * lines because clang compiles the template as one unit: the optimiser puts most functions into their callers.
 *
 * The build compiles this file to optimised LLVM bitcode without debug information. At run time jit/compile puts in the
 * constants of this kernel (nd_layout) and of the sites of the Plan (nd_site, see nd_of_site_find()), and optimises.
 * The kernel therefore runs none of the tests on constants below, and every load of a register has a constant offset,
 * as the verifier demands.
 */
#include "capture.h"
#include "details.h"
#include "freed.h"
#include "group.h"
#include "locate.h"
#include "match.h"
#include "select.h"
#include "self_test.h"

/* bpf/maps.bpf.c */
extern char nd_events;
extern char nd_here;
extern char nd_ignored;
extern char nd_in_hand;
extern char nd_netfilter;
extern volatile struct nd_watched nd_watched;

enum {
	NO_MAC_HEADER = 0xffff, /* skb_mac_header_was_set() */
	ETHER_BYTES = 14,
};

static __always_inline nd_u64 swap_be16(nd_u64 v) {
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ((v & 0xff) << 8 | (v >> 8 & 0xff)) : v;
}

/*
 * Copies `size` bytes, or writes zeroes if `from` is 0. Both pointers are aligned and `size` is a multiple of 8; the
 * compiler cannot see this, and its memcpy() would copy byte by byte.
 */
static __always_inline void fill_words(char *to, const char *from, nd_u32 size) {
#pragma unroll
	for (nd_u32 i = 0; i < size; i += 8)
		*(any_u64 *)(to + i) = from ? *(const any_u64 *)(from + i) : 0;
}

static __always_inline struct nd_of_cpu *this_cpu(void) {
	nd_u32 zero = 0;

	return bpf_map_lookup_elem(&nd_here, &zero);
}

static __always_inline void count(struct nd_of_cpu *here, enum nd_counter which) {
	if (here) here->counts[which] += 1;
}

/* A drop that nobody asked for. Only an audit accounts for it: others pay nothing. */
static __always_inline void count_filtered(struct nd_of_cpu *here) {
	if (nd_the_settings.drop_reason) count(here, ND_COUNT_FILTERED);
}

/*
 * Returns `value`, after a way through a member of the event that is filled in later. The verifier does not know what
 * such memory holds. Behind several branches that each make a value, the verifier therefore goes on with one state, not
 * with one state for each branch.
 */
static __always_inline nd_u32 through_memory(struct nd_event *e, nd_u32 value) {
	*(volatile nd_u32 *)&e->site = value;
	return *(volatile nd_u32 *)&e->site;
}

/* Returns the length with the NUL; more than ND_NAME_BYTES if the name did not fit; 0 if it cannot be read. */
static __always_inline nd_u32 copy_name(char to[ND_NAME_BYTES], nd_u64 from) {
	long n = bpf_probe_read_kernel_str(to, ND_NAME_BYTES, (void *)from);
	char last = 0;

	if (n < 0) {
		to[0] = 0;
		return 0;
	}
	/* The helper writes a NUL at the end of a name that it cuts, so a name that fits exactly looks the same. */
	if (n == ND_NAME_BYTES) bpf_probe_read_kernel(&last, 1, (void *)(from + ND_NAME_BYTES - 1));
	return last ? ND_NAME_BYTES + 1 : (nd_u32)n;
}

static __always_inline void fill_device(char name[ND_IFNAME_BYTES], nd_u32 *index, nd_u64 dev,
                                        const struct nd_layout *lay) {
	if (!dev) {
		*index = 0;
		fill_words(name, 0, ND_IFNAME_BYTES);
		return;
	}
	*index = (nd_u32)member(dev, &lay->dev_ifindex);
	dev += lay->dev_name.offset;
	if (can_load())
		fill_words(name, direct(dev), ND_IFNAME_BYTES);
	else
		bpf_probe_read_kernel(name, ND_IFNAME_BYTES, (void *)dev);
}

/*
 * Fills in the input device, and its type if facts of the device are kept, which may be up to ND_DEVICE_NS old: in that
 * time no other device gets the address. Returns the device then, else 0.
 */
static __always_inline nd_u64 fill_in(struct nd_event *e, nd_u64 dev, const struct nd_layout *lay,
                                      struct nd_kept_device *kept) {
	if (!dev || can_load()) {
		fill_device(e->iifname, &e->iif, dev, lay);
		return 0;
	}
	if (kept->device != dev || e->time_ns - kept->since_ns >= ND_DEVICE_NS) {
		kept->device = dev;
		kept->since_ns = e->time_ns;
		kept->index = (nd_u32)member(dev, &lay->dev_ifindex);
		kept->type = (nd_u16)member(dev, &lay->dev_type);
		bpf_probe_read_kernel(kept->name, ND_IFNAME_BYTES, (void *)(dev + lay->dev_name.offset));
	}
	e->iif = kept->index;
	fill_words(e->iifname, kept->name, ND_IFNAME_BYTES);
	e->dev_type = kept->type;
	return dev;
}

/* Whether a self-test runs in this namespace, of this nft-drops process or of another one. */
static __always_inline int runs_self_test(nd_u64 net, const struct nd_layout *lay) {
	return lay->net_cookie.size && is_self_test(&nd_ignored, member(net, &lay->net_cookie));
}

/*
 * Tells the namespace's inode number, the address of its generation, and whether it is held (ND_NETNS_HELD). Returns 0
 * if nobody wants drops of this namespace.
 */
static __always_inline int read_net(nd_u64 net, const struct nd_layout *lay, nd_u32 *inode, nd_u64 *generation,
                                    int *held) {
	nd_u64 wanted = nd_watched.netns;

	*held = (wanted & ND_NETNS_HELD) != 0;
	*generation = nd_watched.generation;
	*inode = (nd_u32)wanted;
	if (*held && *generation && nd_watched.net == net) return 1;
	*inode = (nd_u32)member(net, &lay->net_inum);
	if ((nd_u32)wanted) {
		if (*inode != (nd_u32)wanted) return 0;
	} else if (runs_self_test(net, lay)) {
		return 0;
	}
	*generation = find_generation(net, lay);
	if (*held) {
		nd_watched.generation = *generation;
		nd_watched.net = net;
	}
	return 1;
}

/*
 * Reads an Ethernet header and `take` bytes behind it by one call: into the end of l2[] and on into l3[]. Then moves
 * the header to the beginning of l2[]. Returns 0 if any of the bytes cannot be read.
 */
static __always_inline int read_both(struct nd_event *e, nd_u64 from, nd_u64 take) {
	_Static_assert(__builtin_offsetof(struct nd_event, l3) == __builtin_offsetof(struct nd_event, l2) + ND_L2_BYTES,
	               "side by side");
	nd_u8 *to = e->l2, *end = e->l2 + ND_L2_BYTES - ETHER_BYTES;

	if (bpf_probe_read_kernel(end, (nd_u32)take + ETHER_BYTES, (void *)from)) return 0;
	*(any_u64 *)to = *(any_u64 *)end;
	*(any_u32 *)(to + 8) = *(any_u32 *)(end + 8);
	*(any_u16 *)(to + 12) = *(any_u16 *)(end + 12);
	e->l2_len = ETHER_BYTES;
	e->l3_len = (nd_u8)take;
	return 1;
}

/* The ports through which a packet enters and leaves its bridge. `skb` is the packet's view. */
static __always_inline void fill_ports(struct nd_event *e, const struct view *skb, const struct nd_layout *lay) {
	const struct nd_bridge_layout *b = &lay->bridge;
	nd_u64 extensions, info, in;

	e->physin = e->physout = 0;
	fill_words(e->physin_name, 0, ND_IFNAME_BYTES);
	fill_words(e->physout_name, 0, ND_IFNAME_BYTES);
	if (!(field(skb, &b->skb_active) >> b->id & 1)) return;
	extensions = field(skb, &b->skb_extensions);
	info = extensions + 8 * member(extensions, &b->extension_at);
	in = member(info, &b->physin);
	if (b->physin.size == 8)
		fill_device(e->physin_name, &e->physin, in, lay);
	else
		e->physin = (nd_u32)in;
	fill_device(e->physout_name, &e->physout, member(info, &b->physout), lay);
}

/* The names are written last, so their space serves as scratch memory before. */
static __always_inline char *scratch_in(struct nd_event *e) {
	_Static_assert(sizeof(*e) - __builtin_offsetof(struct nd_event, table) >= ND_SKB_BLOCK_BYTES, "room");
	_Static_assert(__builtin_offsetof(struct nd_event, table) % 8 == 0, "aligned");
	return e->table;
}

/*
 * Fills in the packet's own bytes. Header offsets count from skb->head. Call it before the ruleset's names are written:
 * it uses their space. `known` is 0, or the device whose type is filled in already: it may be the packet's.
 */
static __always_inline void fill_packet(struct nd_event *e, nd_u64 at, const struct nd_layout *lay, nd_u64 known) {
	struct view skb = read_struct(at, &lay->skb, scratch_in(e));
	nd_u64 head, dev;
	nd_u32 len, data_len, nh, mac, data_at, before, linear_end;
	nd_u64 take;

	head = field(&skb, &lay->skb_head);
	dev = field(&skb, &lay->skb_dev);
	len = (nd_u32)field(&skb, &lay->skb_len);
	data_len = (nd_u32)field(&skb, &lay->skb_data_len);
	nh = (nd_u32)field(&skb, &lay->skb_network_header);
	mac = (nd_u32)field(&skb, &lay->skb_mac_header);
	data_at = (nd_u32)(field(&skb, &lay->skb_data) - head);
	/* skb->data is at the network header, or (egress) in front of it, at the link header. */
	before = nh - data_at;
	linear_end = data_at + (len - data_len);

	fill_ports(e, &skb, lay);
	e->length = len - before;
	e->protocol = (nd_u16)swap_be16(field(&skb, &lay->skb_protocol));
	e->vlan_proto = 0;
	e->vlan_tci = 0;
	if (field(&skb, &lay->skb_vlan_present)) {
		e->flags |= ND_FLAG_VLAN;
		e->vlan_proto = (nd_u16)swap_be16(field(&skb, &lay->skb_vlan_proto));
		e->vlan_tci = (nd_u16)field(&skb, &lay->skb_vlan_tci);
	}
	take = linear_end > nh && len >= data_len ? linear_end - nh : 0;
	take = at_most(through_memory(e, (nd_u32)(take > ND_L3_BYTES ? ND_L3_BYTES : take)), ND_L3_BYTES);
	if (mac == NO_MAC_HEADER || nh - mac != ETHER_BYTES || !read_both(e, head + mac, take)) {
		if (bpf_probe_read_kernel(e->l3, (nd_u32)take, (void *)(head + nh))) take = 0;
		e->l3_len = (nd_u8)take;
		take = at_most(mac != NO_MAC_HEADER && mac < nh ? nh - mac : 0, ND_L2_BYTES);
		if (bpf_probe_read_kernel(e->l2, (nd_u32)take, (void *)(head + mac))) take = 0;
		e->l2_len = (nd_u8)take;
		if (!take) {
			e->dev_type = 0;
			return;
		}
	}
	e->flags |= ND_FLAG_L2;
	if (!known || dev != known) e->dev_type = (nd_u16)member(dev, &lay->dev_type);
}

/* The base chain of a drop, and the ruleset's generation, which is read after the chain. */
struct base {
	nd_u64 net, chain, table, name;
	nd_u64 handle;
	nd_u32 genmask;
	nd_u32 generation;
};

static __always_inline void read_base(struct base *base, const struct nd_layout *lay, nd_u64 generation, char *bytes) {
	const struct nd_field whole = {.offset = 0, .size = 4};
	struct view chain = read_struct(base->chain, &lay->chain, bytes);

	base->table = field(&chain, &lay->chain_table);
	base->name = field(&chain, &lay->chain_name);
	base->handle = field(&chain, &lay->chain_handle);
	base->genmask = (nd_u32)field(&chain, &lay->chain_genmask);
	base->generation = (nd_u32)member(generation, &whole);
}

/*
 * Whether `kept` describes this very chain. It does if address, handle, name, table and generation are the same. Chains
 * enter the ruleset, leave it and are renamed only by commits, and each commit first raises the generation. A chain
 * that is not (or soon no longer) in the ruleset also sees packets, and may be freed without a commit: such a chain has
 * a genmask, and nothing is kept of it. The chain is read before the generation; so if a commit cleared the genmask,
 * the generation read is that commit's. A namespace that is not held may end, and another one may get its address:
 * nothing is kept of such a namespace.
 */
static __always_inline int is_of(const struct nd_kept_chain *kept, const struct base *base) {
	return kept->generation == base->generation && kept->chain == base->chain && kept->net == base->net &&
	       kept->chain_handle == base->handle && kept->table == base->table && kept->name == base->name;
}

/*
 * Fills in the handle of the rule. `kept` is 0, or describes the base chain, and then it may have the rule's handle.
 * The rules that one generation of a chain runs are allocated before the commit that raises the generation, and freed
 * by a later one. So in one generation one address belongs to one rule.
 */
static __always_inline void fill_rule(struct nd_event *e, nd_u64 rule, const struct nd_layout *lay,
                                      struct nd_kept_chain *kept) {
	if (!kept || can_load()) {
		e->rule_handle = member(rule, &lay->rule_handle);
		return;
	}
	if (kept->rule != rule) {
		kept->rule_handle = member(rule, &lay->rule_handle);
		kept->rule = rule;
	}
	e->rule_handle = kept->rule_handle;
}

static __always_inline void keep(struct nd_kept_chain *kept, const struct base *base, const struct nd_event *e) {
	kept->net = base->net;
	kept->chain = base->chain;
	kept->table = base->table;
	kept->name = base->name;
	kept->chain_handle = base->handle;
	kept->generation = base->generation;
	kept->rule = kept->rule_handle = 0; /* a policy's drop has neither */
	kept->family = e->family;
	kept->table_handle = e->table_handle;
	fill_words(kept->table_name, e->table, ND_NAME_BYTES);
	fill_words(kept->chain_name, e->base_chain, ND_NAME_BYTES);
}

static __always_inline void recall(struct nd_event *e, const struct nd_kept_chain *kept) {
	e->table_handle = kept->table_handle;
	e->family = kept->family;
	e->flags |= kept->flags;
	fill_words(e->table, kept->table_name, ND_BRIEF_BYTES);
	fill_words(e->base_chain, kept->chain_name, ND_BRIEF_BYTES);
	if (kept->brief) return;
	fill_words(e->table + ND_BRIEF_BYTES, kept->table_name + ND_BRIEF_BYTES, ND_NAME_BYTES - ND_BRIEF_BYTES);
	fill_words(e->base_chain + ND_BRIEF_BYTES, kept->chain_name + ND_BRIEF_BYTES, ND_NAME_BYTES - ND_BRIEF_BYTES);
}

/* Fills in rule, base chain and table, from `kept` if it is of this chain; `held` is 0 if nothing may be kept. */
static __always_inline void fill_ruleset(struct nd_event *e, const struct base *base, nd_u64 rule,
                                         const struct nd_layout *lay, struct nd_kept_chain *kept, int held) {
	struct view table;
	nd_u32 table_name, chain_name, keeps;
	nd_u8 flags = 0;

	e->chain_handle = base->handle;
	keeps = through_memory(e, held && lay->chain_genmask.size && base->generation && !base->genmask);
	if (keeps && is_of(kept, base)) {
		recall(e, kept);
		fill_rule(e, rule, lay, kept);
		return;
	}
	fill_rule(e, rule, lay, 0);
	table = read_struct(base->table, &lay->table, scratch_in(e));
	e->table_handle = field(&table, &lay->table_handle);
	e->family = (nd_u8)field(&table, &lay->table_family);
	table_name = through_memory(e, copy_name(e->table, field(&table, &lay->table_name)));
	chain_name = through_memory(e, copy_name(e->base_chain, base->name));
	if (table_name > ND_NAME_BYTES) flags |= ND_FLAG_TABLE_CUT;
	if (chain_name > ND_NAME_BYTES) flags |= ND_FLAG_CHAIN_CUT;
	e->flags |= flags;
	if (!keeps || !table_name || !chain_name) return;
	keep(kept, base, e);
	kept->flags = flags;
	kept->brief = table_name <= ND_BRIEF_BYTES && chain_name <= ND_BRIEF_BYTES;
}

/* Reserves an event in the ring and fills in what every event has; 0 if the ring is full. */
static __always_inline struct nd_event *reserve(nd_u64 size, nd_u8 cause, nd_u32 netns, struct nd_of_cpu *here) {
	struct nd_event *e = bpf_ringbuf_reserve(&nd_events, size, 0);

	if (!e) {
		count(here, ND_COUNT_RING_FULL);
		return 0;
	}
	e->time_ns = bpf_ktime_get_ns();
	e->cpu = bpf_get_smp_processor_id();
	e->cause = cause;
	e->netns = netns;
	e->flags = 0;
	e->of_group = 0;
	return e;
}

struct packet {
	nd_u64 skb, state;
};

static __always_inline struct packet read_packet(nd_u64 at, const struct nd_layout *lay, char *bytes) {
	struct view pkt = read_struct(at, &lay->pkt, bytes);

	return (struct packet){.skb = field(&pkt, &lay->pkt_skb), .state = field(&pkt, &lay->pkt_state)};
}

/* Remembers the packet of a drop until nd_at_free() sees its free. Without room ND_COUNT_FREED lacks the drop. */
static __always_inline void follow(nd_u64 skb) {
	nd_u32 one = 1;

	bpf_map_update_elem(&nd_in_hand, &skb, &one, BPF_ANY);
}

/*
 * Whether the filter takes the drop (ND_MATCHED_*). `by`: see nd_match(). The function has a stack of its own where
 * programs cannot load (6.1): the verifier of such kernels tells states apart by what the filter leaves on the stack,
 * and looks at all that follows once for each of them. Elsewhere jit/compile puts the function in place of its call.
 */
__noinline int nd_decide(struct nd_of_cpu *here, nd_u64 skb, nd_u64 state, nd_u64 by) {
	if (!nd_watched.filter) return ND_MATCHED_YES;
	fill_subject(&here->subject, here->drop.pkt, skb, state, &nd_the_layout);
	return nd_match(&here->subject, by);
}

/*
 * Makes the event of here->drop. This is a function of its own, so that all sites share its code. Returns 0 if there
 * is no event, else the caller submits *event. (It does not return the event itself: the verifier of kernels up to 6.2
 * at least does not follow the caller's test against NULL.)
 */
__noinline nd_u64 nd_report(struct nd_of_cpu *here, struct nd_event **event) {
	const struct nd_layout *lay = &nd_the_layout;
	const struct nd_drop *drop = &here->drop;
	nd_u64 in;
	struct packet pkt;
	struct view state;
	struct nd_event *e;
	struct base base;
	struct place place = {0, 0};
	struct nd_extent *extent;
	nd_u64 generation, size = sizeof(*e), capture_at;
	nd_u32 netns;
	/* Most drops end at the filter, so what the filter does not need is read behind it. */
	const int base_first = nd_the_settings.selector || !loads_on_demand();
	int held, captures = 0;

	if (nd_the_settings.selector && !wants_event()) return 0;
	extent = &here->extent;
	pkt = read_packet(drop->pkt, lay, here->block);
	state = read_struct(pkt.state, &lay->state, here->state);
	base.net = field(&state, &lay->state_net);
	if (!read_net(base.net, lay, &netns, &generation, &held)) return 0;
	base.chain = drop->base;
	if (base_first) read_base(&base, lay, generation, here->block);
	count(here, ND_COUNT_DROPS);
	if (nd_the_settings.drop_reason) follow(pkt.skb);
	if (nd_the_settings.selector) {
		struct candidate candidate = {.table = base.table,
		                              .chain_name = base.name,
		                              .rule = drop->rule,
		                              .netns = netns,
		                              .generation = base.generation,
		                              .cause = (nd_u8)drop->cause};
		const int selected = select_drop(&candidate, (char *)here->subject.scratch, lay);

		if (selected == SELECTED_NO) {
			count_filtered(here);
			return 0;
		}
		here->flags = selected == SELECTED_ASK ? ND_FLAG_ASK_CHAIN : 0;
	}
	if (nd_the_settings.filter) {
		const int matched = nd_decide(here, pkt.skb, pkt.state, loads_on_demand() ? base.chain : base.table);

		if (matched == ND_MATCHED_NO) {
			count_filtered(here);
			return 0;
		}
		if (!nd_the_settings.selector) here->flags = 0;
		if (matched == ND_MATCHED_UNDECIDED) here->flags |= ND_FLAG_UNDECIDED;
	}
	if (!base_first) read_base(&base, lay, generation, here->block);
	if (nd_the_settings.path) size += sizeof(struct nd_path);
	if (nd_the_settings.details) size += sizeof(struct nd_details);
	capture_at = size;
	if (nd_the_settings.snaplen) captures = take_extent(extent);
	if (captures) {
		measure(extent, pkt.skb, field(&state, &lay->state_in), field(&state, &lay->state_out),
		        (nd_u8)field(&state, &lay->state_pf), lay);
		place = place_for(extent);
		size += sizeof(struct nd_capture) + place.room + place.piece;
	}
	e = reserve(size, (nd_u8)drop->cause, netns, here);
	if (!e) {
		if (captures) extent->busy = 0;
		return 0;
	}
	if (nd_the_settings.selector) nd_made_event();
	if (nd_the_settings.filter || nd_the_settings.selector) e->flags = (nd_u8)here->flags;
	if (nd_the_settings.of_group) e->of_group = is_of_group(pkt.skb, nd_watched.group, lay);
	e->verdict = drop->verdict;
	e->location = 0;
	e->generation = base.generation;
	e->pf = (nd_u8)field(&state, &lay->state_pf);
	e->hook = (nd_u8)field(&state, &lay->state_hook);
	in = fill_in(e, field(&state, &lay->state_in), lay, &here->in);
	fill_device(e->oifname, &e->oif, field(&state, &lay->state_out), lay);
	if (nd_the_settings.details) fill_details((struct nd_details *)((struct nd_path *)(e + 1) + 1), pkt.skb, lay);
	if (captures) {
		fill_capture((struct nd_capture *)((char *)e + capture_at), extent, place, e, lay);
		extent->busy = 0;
		e->flags |= ND_FLAG_CAPTURE;
	}
	fill_packet(e, pkt.skb, lay, in);
	fill_ruleset(e, &base, drop->rule, lay, &here->kept[drop->base / ND_CHAIN_BYTES % ND_KEPT], held);
	*event = e;
	return 1;
}

/* Fills in the jumps from nft_do_chain's jump stack, which holds the rules behind the rules that jumped. */
static __always_inline void fill_path(void *ctx, struct nd_path *path, nd_u8 cause) {
	const struct nd_layout *lay = &nd_the_layout;
	const struct nd_stack *stack = &nd_the_site.stack;
	nd_u32 depth = ND_DEPTH_UNKNOWN;

	if (cause != ND_CAUSE_RULE) {
		depth = 0;
	} else if (stack->depth.where) {
		depth = (nd_u32)locate(ctx, &nd_the_site, &stack->depth);
		if (depth > ND_JUMPS) depth = ND_DEPTH_UNKNOWN;
	}
	path->depth = depth;
	path->details = nd_the_settings.details;
	for (nd_u32 i = 0; i < ND_JUMPS; i++) {
		struct nd_jump *jump = &path->jumps[i];
		nd_u64 at, rule, chain;

		jump->next = 0;
		jump->chain = 0;
		if (depth == ND_DEPTH_UNKNOWN || i >= depth) continue;
		at = *(volatile nd_u64 *)((char *)ctx + nd_the_site.stack_pointer) +
		     (nd_u64)(long long)stack->returns.offset + i * (nd_u64)stack->step;
		rule = read_memory(at, 8);
		if (stack->returns.where == ND_WHERE_AT_STACK) rule = read_memory(rule, 8);
		chain = stack->chain ? read_memory(at + (nd_u64)(long long)stack->chain, 8) : 0;
		if (!member(rule, &lay->rule_is_last))
			jump->next = member(rule, &lay->rule_handle);
		else if (!chain)
			chain = member(rule, &lay->last_chain);
		if (chain) jump->chain = member(chain, &lay->chain_handle);
	}
}

/*
 * Only the functions nd_of_site_*() differ from site to site. jit/compile copies these functions for each site, with
 * the site's constants, and the program chooses among the copies by the program counter. The program has all other code
 * once, so the verifier looks at nd_report() once, not once for each site.
 */
OF_SITE struct nd_of_cpu *nd_of_site_find(void *ctx) {
	struct nd_of_cpu *here;
	struct nd_drop drop;

	if (!find_drop(ctx, &nd_the_site, &drop)) return 0;
	here = this_cpu();
	/* Never: an array has its first element. */
	if (!here) return 0;
	here->drop = drop;
	return here;
}

/*
 * Runs if the program counter belongs to no site of the program. The kernel writes the address behind the breakpoint
 * to the program counter (kprobe_int3_handler(), optimized_callback()), and each such address belongs to a site. A
 * kernel that writes another address makes this function run, and the summary then tells lost drops in place of "0
 * lost".
 */
OF_NO_SITE struct nd_of_cpu *nd_of_no_site_find(void *ctx) {
	struct nd_of_cpu *here = this_cpu();

	(void)ctx;
	count(here, ND_COUNT_DROPS);
	count(here, ND_COUNT_RING_FULL);
	return 0;
}

OF_SITE int nd_of_site_tell(void *ctx, struct nd_event *e, nd_u32 cause) {
	const nd_u64 expr = cause == ND_CAUSE_RULE ? locate(ctx, &nd_the_site, &nd_the_site.expr) : 0;

	e->site = nd_the_site.index;
	e->expr_ops = expr ? member(expr, &nd_the_layout.expr_ops) : 0;
	if (nd_the_settings.path) {
		e->flags |= ND_FLAG_PATH;
		fill_path(ctx, (struct nd_path *)(e + 1), (nd_u8)cause);
	}
	return 0;
}

/* The template of the program at the sites. */
SEC("kprobe")
int nd_at_sites(void *ctx) {
	struct nd_of_cpu *here = nd_of_site_find(ctx);
	struct nd_event *e;

	if (!here || !nd_report(here, &e)) return 0;
	/*
	 * The cause as the ring has it, not as the site has it. The verifier of 5.10 can take a constant that it knew
	 * before a large nd_report() for the only possible value, and removes the other side of each branch on the
	 * constant. The verifier does not know what the ring holds.
	 */
	nd_of_site_tell(ctx, e, *(volatile nd_u8 *)&e->cause);
	bpf_ringbuf_submit(e, 0);
	return 0;
}

#ifndef ND_PLAIN
/* The struct net of a packet; 0 if the packet has no device, no socket and no route. */
static __always_inline nd_u64 net_of(nd_u64 skb, nd_u64 dev, const struct nd_layout *lay) {
	nd_u64 net = dev ? member(dev, &lay->dev_net) : 0;

	if (!net) {
		nd_u64 sk = member(skb, &lay->skb_sk);

		net = sk ? member(sk, &lay->sk_net) : 0;
	}
	if (!net) {
		nd_u64 dst = member(skb, &lay->skb_dst) & ~1ULL;

		dev = dst ? member(dst, &lay->dst_dev) : 0;
		net = dev ? member(dev, &lay->dev_net) : 0;
	}
	return net;
}

/* Whether the code that freed a packet is netfilter's: see struct nd_netfilter_code. */
static __always_inline int is_netfilter(nd_u64 location) {
	nd_u32 zero = 0;
	const struct nd_netfilter_code *code = bpf_map_lookup_elem(&nd_netfilter, &zero);
	int found = 0;

	if (!code) return 0;
#pragma unroll
	for (int i = 0; i < ND_NETFILTER_RANGES; i++)
		found |= location >= code->ranges[i].begin && location < code->ranges[i].end;
	return found;
}

/* Each packet that is freed, with the place and the reason: struct bpf_raw_tracepoint_args of skb:kfree_skb. */
SEC("raw_tp/kfree_skb")
int nd_at_free(nd_u64 *args) {
	const struct nd_layout *lay = &nd_the_layout;
	nd_u64 skb = args[0], location = args[1], dev, net;
	nd_u32 netns, wanted = (nd_u32)nd_watched.netns;
	struct place place = {0, 0};
	struct nd_extent *extent;
	struct nd_of_cpu *here;
	struct nd_event *e;
	nd_u64 size = sizeof(*e);
	int captures = 0, matched = ND_MATCHED_YES;

	/* A drop by nf_tables may be freed anywhere, for any reason: nf_reinject() gives none. */
	if (bpf_map_lookup_elem(&nd_in_hand, &skb)) {
		bpf_map_delete_elem(&nd_in_hand, &skb);
		count(this_cpu(), ND_COUNT_FREED);
		return 0;
	}
	if ((nd_u32)args[2] != nd_the_settings.drop_reason && !is_netfilter(location)) return 0;
	dev = member(skb, &lay->skb_dev);
	net = net_of(skb, dev, lay);
	netns = net ? (nd_u32)member(net, &lay->net_inum) : 0;
	if (wanted && netns && netns != wanted) return 0;
	if (!wanted && net && runs_self_test(net, lay)) return 0;
	here = this_cpu();
	if (!here) return 0;
	extent = &here->extent;
	count(here, ND_COUNT_OTHER);
	if (nd_the_settings.filter && nd_watched.filter) matched = match_freed(here, skb, dev);
	/* No table dropped it, so no SELECTOR takes it. */
	if (nd_the_settings.selector || matched == ND_MATCHED_NO) {
		count_filtered(here);
		return 0;
	}
	if (nd_the_settings.snaplen) captures = take_extent(extent);
	if (captures) {
		measure(extent, skb, 0, 0, 0, lay);
		place = place_for(extent);
		size += sizeof(struct nd_capture) + place.room + place.piece;
	}
	e = reserve(size, ND_CAUSE_OTHER, netns, here);
	if (!e) {
		if (captures) extent->busy = 0;
		return 0;
	}
	if (nd_the_settings.filter && matched == ND_MATCHED_UNDECIDED) e->flags |= ND_FLAG_UNDECIDED;
	e->rule_handle = e->table_handle = e->chain_handle = e->expr_ops = 0;
	e->location = location;
	e->verdict = e->generation = e->oif = e->site = 0;
	e->family = e->pf = 0;
	e->hook = ND_NO_HOOK;
	fill_words(e->oifname, 0, ND_IFNAME_BYTES);
	fill_packet(e, skb, lay, 0);
	e->table[0] = e->base_chain[0] = 0;
	fill_device(e->iifname, &e->iif, dev, lay);
	if (captures) {
		fill_capture((struct nd_capture *)(e + 1), extent, place, e, lay);
		extent->busy = 0;
		e->flags |= ND_FLAG_CAPTURE;
	}
	bpf_ringbuf_submit(e, 0);
	return 0;
}
#endif
