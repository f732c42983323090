/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the probe must know of one kernel build: where things lie in its structures (nd_layout, from BTF) and, for
 * one probe site, where rule, packet, base chain and verdict live at that instruction (nd_site, from the Plan).
 * jit/compile turns both into constants, so that the optimiser leaves only the loads this kernel needs.
 */
#ifndef NFT_DROPS_BPF_SHARED_SITE_H
#define NFT_DROPS_BPF_SHARED_SITE_H

#include "capture.h"
#include "event.h"
#include "match.h"

/* A member of a structure. bits is 0 for a plain integer or pointer of `size` bytes. */
struct nd_field {
	nd_u16 offset; /* bytes from the start of the structure (for a bit-field: of its storage unit) */
	nd_u8 size;    /* bytes to load: 1, 2, 4 or 8; 0: this kernel has no such member */
	nd_u8 shift;   /* of a bit-field, after loading little-endian */
	nd_u8 bits;
	nd_u8 pad[3];
};

/*
 * The part of a structure that one call reads, because several wanted members lie in it. Size 0: there is no such part,
 * and each member is read by a call of its own.
 */
#define ND_BLOCK_BYTES 64
#define ND_SKB_BLOCK_BYTES 256
struct nd_block {
	nd_u16 offset; /* a multiple of 8 */
	nd_u16 size;   /* at most ND_BLOCK_BYTES, of an sk_buff ND_SKB_BLOCK_BYTES */
};

/*
 * How kernel memory is read without a call, where the kernel offers that (Linux 6.2): its function bpf_rdonly_cast()
 * makes of any address a pointer to a structure, whose members a program may load. See bpf/locate.h.
 */
struct nd_cast {
	nd_u32 function; /* its BTF id; 0: it is not there */
	nd_u32 type;     /* BTF id of a structure with an array of bytes, which may be loaded in any way */
	nd_u16 offset;   /* where in it they begin */
	nd_u16 size;     /* how many, at least ND_SKB_BLOCK_BYTES */
};
/* Marks a BTF id among the numbers of helpers: jit/compile makes a call of the kernel's function out of it. */
#define ND_KERNEL_FUNCTION 0x40000000

/* What only filters (match.h) need; size 0: this kernel has no such member. */
struct nd_match_layout {
	struct nd_block pkt;
	nd_u32 fragment_bytes;     /* size of a page fragment's description */
	struct nd_field pkt_flags; /* nft_pktinfo */
	struct nd_field pkt_tprot;
	struct nd_field pkt_fragoff;
	struct nd_field pkt_thoff;
	/* In kernels whose rules look behind tags that are bytes of the packet: the protocol behind the tags, and how
	 * far behind the network header that protocol's header is. */
	struct nd_field pkt_ethertype;
	struct nd_field pkt_nhoff;
	struct nd_field skb_mark; /* sk_buff */
	struct nd_field skb_priority;
	struct nd_field skb_pkt_type;
	struct nd_field skb_iif;
	struct nd_field skb_nfct;
	struct nd_field skb_end; /* the skb_shared_info's offset from skb->head */
	struct nd_field skb_next;
	struct nd_field dev_group;
	struct nd_field shared_count;     /* skb_shared_info.nr_frags */
	struct nd_field shared_fragments; /* skb_shared_info.frags */
	struct nd_field shared_list;      /* skb_shared_info.frag_list */
	struct nd_field fragment_page;    /* skb_frag, or bio_vec */
	struct nd_field fragment_size;
	struct nd_field fragment_offset;
	/* See address_of_page() in bpf/pages.h. */
	nd_u64 vmemmap;     /* address of the struct page whose page is the first one of the direct map */
	nd_u64 page_offset; /* address of the direct map */
	nd_u64 page_shift;  /* the exponent of sizeof(struct page); 0: the size is no power of two */
	nd_u64 page_bits;   /* the exponent of the bytes of a page; 0: pages cannot be read */
};

/* What tells the control group of a packet's socket; size 0: this kernel has no such member. */
struct nd_group_layout {
	struct nd_field sk_state;     /* sock */
	struct nd_field sk_listener;  /* of a request socket */
	struct nd_field sk_group;     /* struct cgroup *, the lowest bit set where it is something else */
	struct nd_field level;        /* cgroup */
	struct nd_field ancestors;    /* cgroup: a struct cgroup * for each level */
	struct nd_field ancestor_ids; /* cgroup, up to Linux 6.0: the id for each level, in place of ancestors */
	struct nd_field node;         /* cgroup: its kernfs_node */
	struct nd_field node_id;      /* kernfs_node */
};

/* What only nd_settings.details needs, apart from `group`; size 0: this kernel has no such member. */
struct nd_details_layout {
	struct nd_field ct_status; /* nf_conn */
	struct nd_field ct_mark;
	struct nd_field sk_uid; /* sock */
	struct nd_field sk_cookie;
	struct nd_field sk_socket; /* struct socket * */
	struct nd_field socket_file;
	struct nd_field file_inode;
	struct nd_field inode_number;
};

/*
 * The ports of a bridged packet in the hooks of ip and ip6: br_netfilter keeps a struct nf_bridge_info among the
 * packet's extensions. Size 0: this kernel has no such member.
 */
struct nd_bridge_layout {
	struct nd_field skb_active;     /* sk_buff: a bit for each extension that the packet has */
	struct nd_field skb_extensions; /* struct skb_ext * */
	struct nd_field extension_at;   /* skb_ext: where the nf_bridge_info lies in it, in units of 8 bytes */
	/* nf_bridge_info: a struct net_device *, or (Linux 6.8, and fixes of older ones) an ifindex of 4 bytes. */
	struct nd_field physin;
	struct nd_field physout; /* a struct net_device * */
	nd_u64 id;               /* SKB_EXT_BRIDGE_NF: the number of the bit */
};

/* Members by structure; names are the kernel's. */
struct nd_layout {
	struct nd_block pkt;
	struct nd_block state;
	struct nd_block skb;
	struct nd_block chain;
	struct nd_block table;
	struct nd_field rule_handle; /* nft_rule_dp */
	struct nd_field expr_ops;    /* nft_expr */
	struct nd_field rule_is_last;
	struct nd_field last_chain; /* nft_rule_dp_last, which ends a chain's rules */
	struct nd_field pkt_skb;    /* nft_pktinfo */
	struct nd_field pkt_state;
	struct nd_field state_hook; /* nf_hook_state */
	struct nd_field state_pf;
	struct nd_field state_in;
	struct nd_field state_out;
	struct nd_field state_net;
	struct nd_field net_inum;        /* net.ns.inum */
	struct nd_field net_cookie;      /* net.net_cookie */
	struct nd_field net_gen;         /* net.gen, where the generation lies in struct nftables_pernet */
	struct nd_field pernet_base_seq; /* nftables_pernet.base_seq */
	struct nd_field net_base_seq;    /* net.nft.base_seq, where it lies there */
	struct nd_field skb_len;         /* sk_buff */
	struct nd_field skb_data_len;
	struct nd_field skb_head;
	struct nd_field skb_data;
	struct nd_field skb_network_header;
	struct nd_field skb_mac_header;
	struct nd_field skb_protocol;
	struct nd_field skb_dev;
	struct nd_field skb_vlan_present; /* the bit, or vlan_all, whichever this kernel tests */
	struct nd_field skb_vlan_proto;
	struct nd_field skb_vlan_tci;
	struct nd_field skb_sk;
	struct nd_field skb_dst; /* a struct dst_entry *, flags in the lowest bit */
	struct nd_field sk_net;  /* sock */
	struct nd_field dst_dev; /* dst_entry */
	struct nd_field dev_net; /* net_device */
	struct nd_field dev_name;
	struct nd_field dev_ifindex;
	struct nd_field dev_type;
	struct nd_field base_policy; /* nft_base_chain, from its nft_chain: may be negative */
	struct nd_field chain_table; /* nft_chain */
	struct nd_field chain_handle;
	struct nd_field chain_name;
	struct nd_field chain_genmask; /* not 0 while it is not yet, or may soon be no longer, a part of the ruleset */
	struct nd_field table_handle;  /* nft_table */
	struct nd_field table_family;
	struct nd_field table_name;
	nd_u32 pernet_id;     /* value of nf_tables_net_id: index into net.gen->ptr[] */
	nd_u32 chain_in_base; /* offset of nft_chain in nft_base_chain */
	struct nd_cast cast;
	struct nd_match_layout match;
	struct nd_group_layout group;
	struct nd_details_layout details;
	struct nd_bridge_layout bridge;
};

/* Where a value is when the probe is hit. */
enum nd_where {
	ND_WHERE_NONE = 0,
	ND_WHERE_REGISTER = 1, /* in struct pt_regs at `offset` */
	ND_WHERE_STACK = 2,    /* in memory at the stack pointer plus `offset` */
	/* In memory, and its address is in the register or stack slot. For example the address of a rule's pointer in
	 * the chain's array of rules. */
	ND_WHERE_AT_REGISTER = 3,
	ND_WHERE_AT_STACK = 4,
};

struct nd_locator {
	nd_u32 where; /* enum nd_where */
	int offset;   /* bytes */
};

/* How the probe tells a drop from the packets that pass the same instruction. */
enum nd_test {
	ND_TEST_NONE = 0,    /* only drops come here */
	ND_TEST_VERDICT = 1, /* low byte of the verdict code is NF_DROP */
	ND_TEST_RETURN = 2,  /* low byte of the value about to be returned is NF_DROP */
	ND_TEST_POLICY = 3,  /* the base chain's policy is NF_DROP */
};

/* The jumps that led to the rule: nft_do_chain's jumpstack[]. */
struct nd_stack {
	struct nd_locator depth;   /* u32: how many there are; none where the stack cannot be read */
	struct nd_locator returns; /* of the first jump: the rule behind it, or its place in the array; on the stack */
	int step;                  /* from one jump's to the next one's */
	int chain; /* from there to the struct nft_chain * that the jump stands in; 0: it is not there */
};

struct nd_site {
	struct nd_locator pkt;     /* struct nft_pktinfo * */
	struct nd_locator rule;    /* struct nft_rule(_dp) *; none where only policy drops come */
	struct nd_locator base;    /* struct nft_chain * within its nft_base_chain */
	struct nd_locator verdict; /* u32 regs.verdict.code */
	struct nd_locator retval;  /* u32 */
	struct nd_locator expr;    /* struct nft_expr * that gave the verdict; none where it cannot be told */
	struct nd_stack stack;
	nd_u32 stack_pointer; /* offset of the stack pointer in struct pt_regs */
	nd_u32 test;          /* enum nd_test */
	nd_u32 cause;         /* enum nd_cause; 0: tell by the verdict code */
	nd_u32 index;         /* nd_event.site */
	/*
	 * A program of several sites tells its site by the lowest bits (ND_COUNTER_BITS) of the program counter. The
	 * kernel loads modules, and itself, at multiples of the page size. So these bits are the same wherever the code
	 * is loaded.
	 */
	nd_u32 program_counter; /* offset of the program counter in struct pt_regs */
	nd_u32 counter_bits;    /* its lowest bits at this site; no other site of the same program has these */
	nd_u32 program;         /* the number of the program, if programs have several sites */
};
#define ND_COUNTER_BITS 12

/* Reading a verdict in memory costs a call, so it is only read if it tells a drop from others, or its cause. */
static inline int nd_site_reads_verdict(const struct nd_site *site) {
	return site->test == ND_TEST_VERDICT || !site->cause || site->verdict.where == ND_WHERE_REGISTER;
}

/* What the probe watches. User space sets it after loading, so the compiled object is the same for all namespaces. */
struct nd_watched {
	/*
	 * The inode number of the network namespace whose drops are wanted (0: of all namespaces), and ND_NETNS_HELD.
	 * User space changes it when the self-test ends, so a program reads it only once.
	 */
	nd_u64 netns;
	/* For a namespace that is held. The first drop there fills in the addresses of its struct net and of its
	 * generation. */
	nd_u64 net;
	nd_u64 generation;
	/* 1: only drops that nd_match() takes. 0 while the self-test runs. */
	nd_u64 filter;
	/* With nd_settings.of_group: the id of the control group whose packets have nd_event.of_group 1. */
	nd_u64 group;
};

/* Flag: user space keeps the namespace alive while the probe watches it, so its struct net stays the same. */
#define ND_NETNS_HELD (1ULL << 32)

/* What the probe counts on each processor. */
enum nd_counter {
	ND_COUNT_DROPS = 0, /* drops seen */
	/* Of the drops seen: those without an event. The ring was full, or the program has no site at the program
	 * counter. */
	ND_COUNT_RING_FULL = 1,
	/* The rest only with nd_settings.drop_reason: */
	ND_COUNT_FREED = 2,    /* of the drops seen: those whose packet was then freed */
	ND_COUNT_OTHER = 3,    /* frees by netfilter that were none of the drops seen */
	ND_COUNT_FILTERED = 4, /* of drops and frees: those that the SELECTOR or the filter does not take */
	ND_COUNTERS = 5,
};

/*
 * Facts of a base chain and its table, kept from one drop in that chain for the next one. Strings are as in struct
 * nd_event.
 */
struct nd_kept_chain {
	/* The key: see is_of() in bpf/probe.bpf.c. */
	nd_u64 net, chain, table, name;
	nd_u64 chain_handle;
	nd_u32 generation; /* 0: nothing is kept */
	nd_u8 family;
	nd_u8 flags; /* ND_FLAG_TABLE_CUT, ND_FLAG_CHAIN_CUT */
	nd_u8 brief; /* both names fit into ND_BRIEF_BYTES */
	nd_u8 pad;
	nd_u64 table_handle;
	/* The latest rule of the chain, or of a chain that it jumps to, in this generation. 0: none. */
	nd_u64 rule;
	nd_u64 rule_handle;
	char table_name[ND_NAME_BYTES];
	char chain_name[ND_NAME_BYTES];
};
#define ND_BRIEF_BYTES 16

/* Facts of an input device. Nothing is kept if the program can load kernel memory directly (nd_cast). */
struct nd_kept_device {
	nd_u64 device;
	nd_u64 since_ns;
	nd_u32 index;
	nd_u16 type;
	nd_u16 pad;
	char name[ND_IFNAME_BYTES];
};
#define ND_DEVICE_NS                                                                                                   \
	100000 /* how long they are kept: a device cannot be freed, and its address used again, in that time */

#define ND_KEPT 4
#define ND_CHAIN_BYTES 512 /* base chains of a ruleset are about that far apart */

/* What a site tells of a drop. */
struct nd_drop {
	nd_u64 pkt;  /* struct nft_pktinfo * */
	nd_u64 base; /* struct nft_chain * */
	nd_u64 rule; /* struct nft_rule(_dp) *; 0 if the policy dropped */
	nd_u32 verdict;
	nd_u32 cause; /* enum nd_cause */
};

/* The probe's data on each processor. */
struct nd_of_cpu {
	nd_u64 counts[ND_COUNTERS];
	/*
	 * The index is made from the chain's address. Only the programs at sites use these entries, and the kernel
	 * never runs one of them while another one runs on the same processor (bpf_prog_active).
	 */
	struct nd_kept_chain kept[ND_KEPT];
	struct nd_kept_device in;
	/*
	 * The drop of the program that runs, and the flags that the SELECTOR and the filter give its event. Both are
	 * in memory, where the verifier knows no values. The drops of all sites therefore look alike to the verifier,
	 * and it looks at nd_report() once.
	 */
	struct nd_drop drop;
	nd_u64 flags;
	/* Blocks of structures (nd_block), here because the BPF stack has 512 bytes for all calls together. */
	char state[ND_BLOCK_BYTES];
	char block[ND_BLOCK_BYTES];
	struct nd_subject subject; /* with nd_settings.filter or nd_settings.selector */
	/* The same for a packet that was freed. A program at a site may be interrupted by a free, and so may a free. */
	struct nd_subject freed;
	nd_u64 freed_busy;       /* 1 while a program works with `freed` */
	struct nd_extent extent; /* with nd_settings.snaplen */
};

/* What the user asks of the probe. jit/compile makes constants of these members. */
struct nd_settings {
	nd_u32 path;     /* events are followed by a struct nd_path */
	nd_u32 filter;   /* there is a nd_match() (match.h) */
	nd_u32 selector; /* there is a map nd_selected (select.h) */
	/* SKB_DROP_REASON_NETFILTER_DROP: packets freed for this reason, or in struct nd_netfilter_code, are watched.
	 * 0: no frees are watched. */
	nd_u32 drop_reason;
	nd_u32 snaplen;  /* events are followed by a struct nd_capture with so many bytes at most; 0: they are not */
	nd_u32 of_group; /* events tell whether the packet's socket belongs to nd_watched.group */
	nd_u32 details;  /* paths are followed by a struct nd_details; only with path */
};

/*
 * Dropped packets on their way from the site to their free: the map nd_in_hand, a hash from the address of the sk_buff.
 * A task may be interrupted, or moved to another processor, between the two. The free of a packet without room there is
 * ND_COUNT_OTHER, and lacks in ND_COUNT_FREED: the audit's account tells.
 */
#define ND_IN_HAND 8192

/*
 * Code of netfilter that frees the packets it drops, without SKB_DROP_REASON_NETFILTER_DROP as the reason: element 0 of
 * the array nd_netfilter. A free belongs to it if the return address lies in [begin, end) of a range.
 */
#define ND_NETFILTER_RANGES 32
struct nd_code_range {
	nd_u64 begin, end; /* both 0: none */
};
struct nd_netfilter_code {
	struct nd_code_range ranges[ND_NETFILTER_RANGES];
};

#endif
