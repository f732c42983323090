/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What do_chain.c, a function with the meaning of the kernel's nft_do_chain, shares with the tests that run it: the
 * functions that it calls, and where it keeps what in its structures, which differs by build (FIXTURE_LAYOUT_B).
 */
#ifndef NFT_DROPS_TESTS_UNIT_JIT_SUPPORT_DO_CHAIN_H
#define NFT_DROPS_TESTS_UNIT_JIT_SUPPORT_DO_CHAIN_H

#include "bpf/shared/site.h"

/* In place of struct nft_expr_ops. */
struct fixture_ops {
	void (*eval)(const void *expr, void *regs, const void *pkt);
	void *clone;
	nd_u32 size; /* of the whole expression */
	void *init;
};

/* What follows the operations' address in expressions that are evaluated inline. */
struct fixture_cmp {
	nd_u32 data;
	nd_u32 mask;
	nd_u8 sreg;
	nd_u8 inverted;
};
struct fixture_bitwise {
	nd_u32 mask;
	nd_u32 toggle;
	nd_u8 sreg;
	nd_u8 dreg;
};
struct fixture_payload {
	nd_u16 offset; /* from the network header */
	nd_u8 len;     /* 1, 2 or 4 */
	nd_u8 dreg;
};
/* And of all others. */
struct fixture_other {
	nd_u32 code;
	nd_u32 value;
	void *chain;
	nd_u8 dreg; /* 0: none */
};

struct fixture_layout {
	struct nd_field chain_rules_0, chain_rules_1;
	struct nd_field blob_size, blob_data;
	struct nd_field rule_is_last, rule_dlen, rule_handle, rule_data;
	struct nd_field expr_ops, ops_eval, ops_size;
	struct nd_field regs_code, regs_chain, regs_data;
	struct nd_field net_gencursor;
	struct nd_field pkt_skb, pkt_state, state_net;
	struct nd_field base_policy; /* from the chain inside the base chain: may be negative */
	struct nd_field skb_head, skb_network_header, skb_tail, skb_traced;
	struct nd_field traceinfo_trace;
	nd_u32 rule_size, regs_size, traceinfo_size, chain_size, base_chain_size, pkt_size, state_size, net_size,
	        skb_size;
	nd_u32 chain_in_base;
	nd_u32 jump_limit;
	nd_u32 has_static_keys;
	nd_u32 freed_inside;       /* by rules and policies */
	nd_u32 freed_at_the_limit; /* too, and not left to the caller */
	nd_u32 ends_by_size;       /* rules end at the blob's size; else at a last rule */
	nd_u32 rule_array;         /* rules stand by themselves, and their addresses in an array */
};

/* Marked places where a jump is patched in when a static key is switched on. Offsets from the member itself. */
struct fixture_label {
	nd_u32 code;
	nd_u32 target;
	nd_u64 key; /* 1: tracing, 2: chain statistics */
};

#ifdef __cplusplus
extern "C" {
#endif
#define FIXTURE_HIDDEN __attribute__((visibility("hidden")))
/* With COLD_CALLS, gcc moves what leads to these calls into a part of its own ("name.cold"). */
#ifdef COLD_CALLS
#define FIXTURE_COLD __attribute__((cold))
#else
#define FIXTURE_COLD
#endif
extern const struct fixture_ops fixture_cmp_fast FIXTURE_HIDDEN;
extern const struct fixture_ops fixture_bitwise_fast FIXTURE_HIDDEN;
extern const struct fixture_ops fixture_payload_fast FIXTURE_HIDDEN;
FIXTURE_HIDDEN void fixture_eval_immediate(const void *expr, void *regs, const void *pkt);
FIXTURE_HIDDEN void fixture_eval_lookup(const void *expr, void *regs, const void *pkt);
FIXTURE_HIDDEN void fixture_eval_other(const void *expr, void *regs, const void *pkt);
FIXTURE_HIDDEN void fixture_eval_payload(const void *expr, void *regs, const void *pkt);
FIXTURE_HIDDEN void fixture_free(void *skb, nd_u32 reason);
FIXTURE_HIDDEN void fixture_sk_free(void *sk, void *skb, nd_u32 reason);
FIXTURE_HIDDEN FIXTURE_COLD void fixture_trace_init(void *info, const void *pkt, const void *verdict,
                                                    const void *chain);
FIXTURE_HIDDEN FIXTURE_COLD void fixture_trace_packet(const void *pkt, void *info, const void *chain, const void *rule,
                                                      nd_u32 type);
FIXTURE_HIDDEN FIXTURE_COLD void fixture_trace_verdict(void *info, const void *chain, const void *rule, void *regs);
FIXTURE_HIDDEN void fixture_count(const void *chain, const void *pkt);
extern void (*volatile fixture_free_through_pointer)(void *skb, nd_u32 reason) FIXTURE_HIDDEN;
#ifdef __cplusplus
}
#endif

#endif
