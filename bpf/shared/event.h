/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One dropped packet, as the probe writes it into the ring buffer and user space reads it.
 *
 * This file is plain C and is compiled three times: for the BPF target (the probe), for the host (the reader)
 * and for the host again in unit tests that run the probe natively. All integers are in host byte order unless
 * a field says otherwise. There is no padding.
 */
#ifndef NFT_DROPS_BPF_SHARED_EVENT_H
#define NFT_DROPS_BPF_SHARED_EVENT_H

#ifdef __bpf__
typedef unsigned char nd_u8;
typedef unsigned short nd_u16;
typedef unsigned int nd_u32;
typedef unsigned long long nd_u64;
#else
#include <stdint.h>
typedef uint8_t nd_u8;
typedef uint16_t nd_u16;
typedef uint32_t nd_u32;
typedef uint64_t nd_u64;
#endif

/* Bytes kept from the network header on, and of the link header in front of it. */
#define ND_L3_BYTES 128
#define ND_L2_BYTES 32
/* IFNAMSIZ of <linux/if.h>. */
#define ND_IFNAME_BYTES 16
/* Names longer than this (NFT_NAME_MAXLEN is 256) are cut in the event; handles identify them all the same. */
#define ND_NAME_BYTES 64

/* Why the packet was dropped. */
enum nd_cause {
	ND_CAUSE_RULE = 1,       /* a rule's verdict: rule_handle names it */
	ND_CAUSE_POLICY = 2,     /* the base chain's policy: no rule decided */
	ND_CAUSE_JUMP_LIMIT = 3, /* rule_handle names the jump that found the jump stack full */
	ND_CAUSE_OTHER = 4, /* not nf_tables: freed as a netfilter drop by other code, which `location` names. No hook
	                     * is known then, nor a ruleset; iif is the packet's device */
};

/* nd_event.flags */
#define ND_FLAG_L2 0x01        /* l2[] holds l2_len bytes of a link header */
#define ND_FLAG_TABLE_CUT 0x02 /* table[] holds only the beginning of the name */
#define ND_FLAG_CHAIN_CUT 0x04 /* base_chain[] holds only the beginning of the name */
#define ND_FLAG_VLAN 0x08      /* the kernel keeps an 802.1Q/802.1ad tag beside the packet: vlan_tci, vlan_proto */
#define ND_FLAG_PATH 0x10      /* a struct nd_path follows the event */
#define ND_FLAG_UNDECIDED 0x20 /* whether the filter takes this drop cannot be told */
#define ND_FLAG_CAPTURE 0x40   /* a struct nd_capture (capture.h) follows the event, or the path */
#define ND_FLAG_ASK_CHAIN 0x80 /* the SELECTOR takes this drop if its rule stands in the selected chain */

struct nd_event {
	nd_u64 time_ns;      /* CLOCK_MONOTONIC (bpf_ktime_get_ns) */
	nd_u64 rule_handle;  /* struct nft_rule_dp.handle; 0 where the policy dropped */
	nd_u64 table_handle; /* struct nft_table.handle: unique in the namespace, also over time */
	nd_u64 chain_handle; /* struct nft_chain.handle of the base chain */
	nd_u64 location;     /* ND_CAUSE_OTHER: address of the code that freed the packet */
	nd_u64 expr_ops; /* struct nft_expr_ops * of the expression that gave the verdict; 0 where it cannot be told */
	nd_u32 netns;    /* inode number of the network namespace (net->ns.inum) */
	nd_u32 verdict;  /* regs.verdict.code as found, e.g. NF_DROP, NFT_CONTINUE; 0 where nobody needed it */
	nd_u32 length;   /* bytes from the network header on (all fragments of the skb) */
	nd_u32 generation; /* ruleset generation (NFTA_GEN_ID) in force at the drop; 0 where it cannot be read */
	nd_u32 iif;        /* ifindex, 0 where there is none */
	nd_u32 oif;
	nd_u32 cpu;  /* where it was seen: time_ns is only ordered within one cpu */
	nd_u32 site; /* which site of the Plan saw it (its index) */
	/* ifindex of the bridge's ports, as br_netfilter keeps them (struct nf_bridge_info); 0 where there is none. */
	nd_u32 physin;
	nd_u32 physout;
	nd_u8 family;      /* NFPROTO_* of the table (inet is 1) */
	nd_u8 pf;          /* NFPROTO_* of the packet's hook (nf_hook_state.pf) */
	nd_u8 hook;        /* NF_INET_*, NF_ARP_*, NF_BR_* or NF_NETDEV_* by pf (nf_hook_state.hook) */
	nd_u8 cause;       /* enum nd_cause */
	nd_u8 flags;       /* ND_FLAG_* */
	nd_u8 l2_len;      /* valid bytes in l2[], the link header's last byte last */
	nd_u8 l3_len;      /* valid bytes in l3[]: less than ND_L3_BYTES where the packet is shorter */
	nd_u8 of_group;    /* 1: the packet's socket belongs to nd_watched.group */
	nd_u16 protocol;   /* skb->protocol, ETH_P_*, host byte order */
	nd_u16 vlan_proto; /* ETH_P_8021Q or ETH_P_8021AD, host byte order */
	nd_u16 vlan_tci;
	nd_u16 dev_type;               /* ARPHRD_* of the device that the link header belongs to, if there is one */
	char iifname[ND_IFNAME_BYTES]; /* NUL-padded; hostile: any bytes but NUL and '/' */
	char oifname[ND_IFNAME_BYTES];
	char physin_name[ND_IFNAME_BYTES]; /* empty, too, where this kernel keeps the number only */
	char physout_name[ND_IFNAME_BYTES];
	char table[ND_NAME_BYTES]; /* NUL-terminated unless ND_FLAG_TABLE_CUT */
	char base_chain[ND_NAME_BYTES];
	nd_u8 l2[ND_L2_BYTES];
	nd_u8 l3[ND_L3_BYTES];
};

/* The jumps that led to the rule, outermost first. */
#define ND_JUMPS 16              /* NFT_JUMP_STACK_SIZE */
#define ND_DEPTH_UNKNOWN 0xffffu /* nd_path.depth where it cannot be told */
#define ND_NO_HOOK 0xff          /* nd_event.hook where there is none */
struct nd_path {
	nd_u32 depth;
	nd_u32 details; /* 1: a struct nd_details (details.h) follows */
	struct nd_jump {
		nd_u64 next;  /* handle of the rule behind the one that jumped; 0 where that was its chain's last one */
		nd_u64 chain; /* handle of the chain that it stands in; 0 where only the rule tells, or the base chain's
		               */
	} jumps[ND_JUMPS];
};

#ifdef __cplusplus
static_assert(sizeof(nd_event) == 456, "nd_event has no padding");
#else
_Static_assert(sizeof(struct nd_event) == 456, "nd_event has no padding");
#endif

#endif
