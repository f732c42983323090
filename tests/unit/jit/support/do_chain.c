// SPDX-License-Identifier: GPL-2.0-only
/*
 * A function with the meaning of the kernel's nft_do_chain, written from that meaning, to be compiled many ways and run
 * in the test's own process. It is one function of the kernel's, which is why this file has over 500 lines. What
 * differs between kernels is chosen by the preprocessor:
 *
 *   FIXTURE          the function's name
 *   SHAPE_ARRAY      an array of rules' addresses, NULL at its end (5.10); else a blob of rules
 *   SHAPE_SIZE       rules end at blob->size (5.17); else with a last rule (6.4)
 *   FREE_INSIDE      1, 2, 3: dropped packets are freed in here (6.7), by one of three ways to call; else by the caller
 *   LIMIT_ELOOP      so they are at the jump limit (7.x)
 *   STATIC_KEYS      tracing and statistics behind nops that are patched; else behind flags in the packet
 *   DIRECT_CALLS     evaluation functions are compared with and called directly, as under retpolines
 *   COLD_CALLS       the compiler may split the function
 *   FIXTURE_LAYOUT_B other structures
 *   AS_MODULE        as in a module's file: its kernel's name, static keys in __jump_table by the address of the key
 */
#include "do_chain.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)

enum {
	DROP = 0,
	ACCEPT = 1,
	STOLEN = 2,
	QUEUE = 3,
	MASK = 0xff,
	CONTINUE = -1,
	BREAK = -2,
	JUMP = -3,
	GOTO = -4,
	RETURN = -5,
	EPERM_ = 1,
	ELOOP_ = 40,
	REASON = 7,
	JUMPS = 16
};

struct chain;
struct verdict {
	nd_u32 code;
	struct chain *chain;
};
struct regs {
	union {
		nd_u32 data[20];
		struct verdict verdict;
	};
};
struct expr {
	const struct fixture_ops *ops;
	unsigned char data[] __attribute__((aligned(8)));
};

#ifdef SHAPE_ARRAY
typedef struct rule *rules_of_chain;
#else
typedef struct blob rules_of_chain;
#endif
#ifdef FIXTURE_LAYOUT_B
struct rule {
	nd_u64 handle : 42, dlen : 12, is_last : 1;
	nd_u64 more;
	unsigned char data[] __attribute__((aligned(8)));
};
struct blob {
	nd_u64 rcu[2];
	nd_u64 size;
	unsigned char data[] __attribute__((aligned(8)));
};
struct chain {
	void *table;
	rules_of_chain *rules_gen_1;
	nd_u64 handle;
	char *name;
	nd_u32 use;
	rules_of_chain *rules_gen_0;
};
struct base_chain {
	struct chain chain;
	nd_u32 flags;
	nd_u8 policy;
	void *stats;
};
struct net {
	nd_u64 other[37];
	nd_u32 gencursor;
	nd_u32 base_seq;
};
struct state {
	struct net *net;
	nd_u8 hook, pf;
	void *in, *out;
};
struct skb {
	nd_u64 other[13];
	nd_u8 *head;
	nd_u16 network_header;
	nd_u32 tail;
	bool traced;
};
struct pkt {
	nd_u64 flags;
	const struct state *state;
	struct skb *skb;
};
struct traceinfo {
	nd_u64 other[6];
	bool trace;
};
#else
struct rule {
#ifdef SHAPE_ARRAY
	nd_u64 list[2];
	nd_u64 handle : 42, genmask : 2, dlen : 12, udata : 1;
#else
	nd_u64 is_last : 1, dlen : 12, handle : 42;
#endif
	unsigned char data[] __attribute__((aligned(8)));
};
struct blob {
	nd_u64 size;
	unsigned char data[] __attribute__((aligned(8)));
};
struct chain {
	rules_of_chain *rules_gen_0, *rules_gen_1;
	nd_u64 lists[5];
	void *table;
	nd_u64 handle;
	nd_u32 use;
	char *name;
};
struct base_chain {
	nd_u64 ops[6];
	const void *type;
	nd_u8 policy, flags;
	void *stats;
	struct chain chain;
	nd_u64 flow_block[3];
};
struct net {
	nd_u64 other[201];
	nd_u8 gencursor;
};
struct state {
	nd_u8 hook, pf;
	void *in, *out, *sk;
	struct net *net;
};
struct skb {
	nd_u64 other[20];
	nd_u16 network_header;
	nd_u32 tail;
	nd_u8 *head;
	bool traced;
};
struct pkt {
	struct skb *skb;
	const struct state *state;
	nd_u8 flags;
};
struct traceinfo {
	bool trace;
	nd_u64 other[4];
};
#endif

#define NAME_OF_LAYOUT JOIN(FIXTURE, _layout)
#define AT(type, member) {.offset = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member)}
#define DATA(type) {.offset = offsetof(struct type, data), .size = 1}
const struct fixture_layout NAME_OF_LAYOUT = {
        .chain_rules_0 = AT(chain, rules_gen_0),
        .chain_rules_1 = AT(chain, rules_gen_1),
        .blob_size = AT(blob, size),
        .blob_data = DATA(blob),
#ifdef FIXTURE_LAYOUT_B
        .rule_handle = {.offset = 0, .size = 8, .shift = 0, .bits = 42},
        .rule_dlen = {.offset = 4, .size = 4, .shift = 10, .bits = 12},
        .rule_is_last = {.offset = 6, .size = 1, .shift = 6, .bits = 1},
#elif defined SHAPE_ARRAY
        .rule_handle = {.offset = 16, .size = 8, .shift = 0, .bits = 42},
        .rule_dlen = {.offset = 20, .size = 4, .shift = 12, .bits = 12},
#else
        .rule_is_last = {.offset = 0, .size = 1, .shift = 0, .bits = 1},
        .rule_dlen = {.offset = 0, .size = 2, .shift = 1, .bits = 12},
        .rule_handle = {.offset = 0, .size = 8, .shift = 13, .bits = 42},
#endif
        .rule_data = DATA(rule),
        .expr_ops = AT(expr, ops),
        .ops_eval = AT(fixture_ops, eval),
        .ops_size = AT(fixture_ops, size),
        .regs_code = AT(regs, verdict.code),
        .regs_chain = AT(regs, verdict.chain),
        .regs_data = DATA(regs),
        .net_gencursor = AT(net, gencursor),
        .pkt_skb = AT(pkt, skb),
        .pkt_state = AT(pkt, state),
        .state_net = AT(state, net),
        .base_policy = {.offset = (nd_u16)(offsetof(struct base_chain, policy) - offsetof(struct base_chain, chain)),
                        .size = 1},
        .skb_head = AT(skb, head),
        .skb_network_header = AT(skb, network_header),
        .skb_tail = AT(skb, tail),
        .skb_traced = AT(skb, traced),
        .traceinfo_trace = AT(traceinfo, trace),
        .rule_size = sizeof(struct rule),
        .regs_size = sizeof(struct regs),
        .traceinfo_size = sizeof(struct traceinfo),
        .chain_size = sizeof(struct chain),
        .base_chain_size = sizeof(struct base_chain),
        .pkt_size = sizeof(struct pkt),
        .state_size = sizeof(struct state),
        .net_size = sizeof(struct net),
        .skb_size = sizeof(struct skb),
        .chain_in_base = offsetof(struct base_chain, chain),
        .jump_limit = JUMPS,
#ifdef STATIC_KEYS
        .has_static_keys = 1,
#endif
#ifdef SHAPE_SIZE
        .ends_by_size = 1,
#endif
#ifdef SHAPE_ARRAY
        .rule_array = 1,
#endif
#if FREE_INSIDE
        .freed_inside = 1,
#endif
#ifdef LIMIT_ELOOP
        .freed_at_the_limit = 1,
#endif
};

#ifdef AS_MODULE
__attribute__((section(".modinfo"), used)) static const char vermagic[] = "vermagic=6.12.0-test SMP mod_unload ";
struct {
	nd_u64 value[2];
} fixture_key_1, fixture_key_2;
#define LABELS "__jump_table"
#define KEY_OF_LABEL(number) "fixture_key_" #number " - ."
#else
#define LABELS "fixture_labels"
#define KEY_OF_LABEL(number) #number
#endif
#ifdef __aarch64__
#define PATCHABLE_NOP "1: nop\n\t"
#define TRAP "brk #0x800"
#else
#define PATCHABLE_NOP "1: .byte 0x0f, 0x1f, 0x44, 0x00, 0x00\n\t"
#define TRAP "ud2"
#endif

#ifdef STATIC_KEYS
#define KEY(number)                                                                                                    \
	asm goto(PATCHABLE_NOP ".pushsection " LABELS ", \"a\"\n\t"                                                    \
	                       ".balign 8\n\t"                                                                         \
	                       ".long 1b - .\n\t"                                                                      \
	                       ".long %l[yes] - .\n\t"                                                                 \
	                       ".quad " KEY_OF_LABEL(number) "\n\t"                                                    \
	                                                     ".popsection"                                             \
	         :                                                                                                     \
	         :                                                                                                     \
	         :                                                                                                     \
	         : yes);                                                                                               \
	return false;                                                                                                  \
	yes:                                                                                                           \
	return true
ALWAYS_INLINE bool tracing(const struct pkt *pkt) {
	(void)pkt;
	KEY(1);
}
ALWAYS_INLINE bool counting(const struct pkt *pkt) {
	(void)pkt;
	KEY(2);
}
#else
ALWAYS_INLINE bool tracing(const struct pkt *pkt) {
	return pkt->skb->traced;
}
ALWAYS_INLINE bool counting(const struct pkt *pkt) {
	return pkt->skb->traced;
}
#endif

/* Like the kernel's WARN_ON_ONCE(true): a trap whose handler goes on behind it. */
ALWAYS_INLINE void warn_once(void) {
	static bool warned;

	if (UNLIKELY(!warned)) {
		warned = true;
		asm volatile(TRAP);
	}
}

#ifndef SHAPE_ARRAY
ALWAYS_INLINE const struct rule *rule_after(const struct rule *rule) {
	return (const struct rule *)(rule->data + rule->dlen);
}
#endif

#if FREE_INSIDE
ALWAYS_INLINE nd_u32 freed(const struct pkt *pkt, nd_u32 error) {
#if FREE_INSIDE == 1
	fixture_free(pkt->skb, REASON);
#elif FREE_INSIDE == 2
	fixture_sk_free(NULL, pkt->skb, REASON);
#else
	fixture_free_through_pointer(pkt->skb, REASON);
#endif
	return error << 16 | STOLEN;
}
#endif

ALWAYS_INLINE nd_u32 dropped(const struct pkt *pkt, nd_u32 code) {
#if FREE_INSIDE
	(void)code;
	return freed(pkt, EPERM_);
#else
	(void)pkt;
	return code;
#endif
}

ALWAYS_INLINE void compare(const struct expr *expr, struct regs *regs) {
	const struct fixture_cmp *cmp = (const void *)expr->data;

	if (((regs->data[cmp->sreg] & cmp->mask) == cmp->data) == (cmp->inverted != 0))
		regs->verdict.code = (nd_u32)BREAK;
}

ALWAYS_INLINE void bitwise(const struct expr *expr, struct regs *regs) {
	const struct fixture_bitwise *op = (const void *)expr->data;

	regs->data[op->dreg] = (regs->data[op->sreg] & op->mask) ^ op->toggle;
}

/* False where the evaluation function must look. */
ALWAYS_INLINE bool payload(const struct expr *expr, struct regs *regs, const struct pkt *pkt) {
	const struct fixture_payload *load = (const void *)expr->data;
	const struct skb *skb = pkt->skb;
	const nd_u8 *from = skb->head + skb->network_header + load->offset;
	nd_u32 *to = &regs->data[load->dreg];

	if (from + load->len > skb->head + skb->tail) return false;
	*to = 0;
	switch (load->len) {
	case 1:
		*(nd_u8 *)to = *from;
		break;
	case 2:
		memcpy(to, from, 2);
		break;
	case 4:
		memcpy(to, from, 4);
		break;
	default:
		return false;
	}
	return true;
}

ALWAYS_INLINE void call(const struct expr *expr, struct regs *regs, const struct pkt *pkt) {
#ifdef DIRECT_CALLS
	if (expr->ops->eval == fixture_eval_immediate) {
		fixture_eval_immediate(expr, regs, pkt);
		return;
	}
	if (expr->ops->eval == fixture_eval_lookup) {
		fixture_eval_lookup(expr, regs, pkt);
		return;
	}
#endif
	expr->ops->eval(expr, regs, pkt);
}

ALWAYS_INLINE void evaluate(const struct expr *expr, struct regs *regs, const struct pkt *pkt) {
	if (expr->ops == &fixture_cmp_fast)
		compare(expr, regs);
	else if (expr->ops == &fixture_bitwise_fast)
		bitwise(expr, regs);
	else if (expr->ops != &fixture_payload_fast || !payload(expr, regs, pkt))
		call(expr, regs, pkt);
}

#ifdef SHAPE_ARRAY
#define ANOTHER(rule) *rules
#define NEXT(rule) rules++
#define HERE(rule) rule = *rules
#else
#ifdef SHAPE_SIZE
#define ANOTHER(rule) ((rule) < end)
#else
#define ANOTHER(rule) (!(rule)->is_last)
#endif
#define NEXT(rule) rule = rule_after(rule)
#define HERE(rule) (void)0
#endif

unsigned int FIXTURE(struct pkt *pkt, void *priv);

unsigned int FIXTURE(struct pkt *pkt, void *priv) {
	const struct chain *chain = priv;
	const struct chain *const base = priv;
	const struct net *net = pkt->state->net;
	const bool second = *(volatile const __typeof__(net->gencursor) *)&net->gencursor;
	struct {
#if defined SHAPE_ARRAY || defined SHAPE_SIZE
		const struct chain *chain;
#endif
#ifdef SHAPE_ARRAY
		struct rule *const *rules;
#else
		const struct rule *rule;
#endif
#ifdef SHAPE_SIZE
		const struct rule *end;
#endif
	} callers[JUMPS];
	nd_u32 depth = 0;
	struct regs regs = {0};
	struct traceinfo info;
	const struct rule *rule;
#ifdef SHAPE_ARRAY
	struct rule *const *rules;
#endif
#ifdef SHAPE_SIZE
	const struct rule *end;
#endif

	info.trace = false;
	if (UNLIKELY(tracing(pkt))) fixture_trace_init(&info, pkt, &regs.verdict, base);
	for (;;) {
#ifdef SHAPE_ARRAY
		rules = second ? chain->rules_gen_1 : chain->rules_gen_0;
#else
		const struct blob *blob = second ? chain->rules_gen_1 : chain->rules_gen_0;

		rule = (const struct rule *)blob->data;
#endif
#ifdef SHAPE_SIZE
		end = (const struct rule *)(blob->data + blob->size);
#endif
	go_on:
		HERE(rule);
		regs.verdict.code = (nd_u32)CONTINUE;
		for (; ANOTHER(rule); NEXT(rule)) {
			const struct expr *expr, *stop;

			HERE(rule);
			expr = (const struct expr *)rule->data;
			stop = (const struct expr *)(rule->data + rule->dlen);
			for (; expr != stop; expr = (const struct expr *)((const char *)expr + expr->ops->size)) {
				evaluate(expr, &regs, pkt);
				if (regs.verdict.code != (nd_u32)CONTINUE) break;
			}
			if (regs.verdict.code == (nd_u32)BREAK) {
				regs.verdict.code = (nd_u32)CONTINUE;
				continue;
			}
			if (regs.verdict.code != (nd_u32)CONTINUE) break;
			if (UNLIKELY(tracing(pkt))) fixture_trace_packet(pkt, &info, chain, rule, 1);
		}
		if (UNLIKELY(tracing(pkt)) && info.trace) fixture_trace_verdict(&info, chain, rule, &regs);

		switch (regs.verdict.code & MASK) {
		case DROP:
			return dropped(pkt, regs.verdict.code);
		case ACCEPT:
		case QUEUE:
		case STOLEN:
			return regs.verdict.code;
		}
		switch (regs.verdict.code) {
		case (nd_u32)JUMP:
			if (UNLIKELY(depth >= JUMPS)) {
				warn_once();
#ifdef LIMIT_ELOOP
				return freed(pkt, ELOOP_);
#else
				return DROP;
#endif
			}
#ifdef SHAPE_ARRAY
			callers[depth].rules = rules + 1;
#else
			callers[depth].rule = rule_after(rule);
#endif
#if defined SHAPE_ARRAY || defined SHAPE_SIZE
			callers[depth].chain = chain;
#endif
#ifdef SHAPE_SIZE
			callers[depth].end = end;
#endif
			depth++;
			/* fall through */
		case (nd_u32)GOTO:
			chain = regs.verdict.chain;
			continue;
		case (nd_u32)CONTINUE:
		case (nd_u32)RETURN:
			break;
		default:
			warn_once();
		}
		if (!depth) break;
		depth--;
#ifdef SHAPE_ARRAY
		rules = callers[depth].rules;
#else
		rule = callers[depth].rule;
#endif
#if defined SHAPE_ARRAY || defined SHAPE_SIZE
		chain = callers[depth].chain;
#endif
#ifdef SHAPE_SIZE
		end = callers[depth].end;
#endif
		goto go_on;
	}
	if (UNLIKELY(tracing(pkt))) fixture_trace_packet(pkt, &info, base, NULL, 2);
	{
		const struct base_chain *whole =
		        (const void *)((const char *)base - offsetof(struct base_chain, chain));
		nd_u8 policy;

		if (UNLIKELY(counting(pkt)) && whole->stats) fixture_count(base, pkt);
		policy = whole->policy;
		return policy == DROP ? dropped(pkt, policy) : policy;
	}
}
