// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs builds of do_chain.c on an AArch64 processor, with breakpoints at the sites that it is told, see
 * guest_protocol.h. What runtime.cpp does on the test's own processor is done here by functions of the same meaning.
 */
#include "guest_protocol.h"

#include "do_chain.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

static struct guest_result result;
static const struct fixture_layout *layout;

static char *member(const void *base, const struct nd_field *f) {
	return (char *)base + (short)f->offset;
}

/* Last in each function: what is called may change these registers, so it does. */
#define SPOIL_REGISTERS()                                                                                              \
	asm volatile("mov x0, #0x5a01\n\tmov x1, #0x5a02\n\tmov x2, #0x5a03\n\tmov x3, #0x5a04\n\t"                    \
	             "mov x4, #0x5a05\n\tmov x5, #0x5a06\n\tmov x6, #0x5a07\n\tmov x7, #0x5a08\n\t"                    \
	             "mov x8, #0x5a09\n\tmov x9, #0x5a0a\n\tmov x10, #0x5a0b\n\tmov x11, #0x5a0c\n\t"                  \
	             "mov x12, #0x5a0d\n\tmov x13, #0x5a0e\n\tmov x14, #0x5a0f\n\tmov x15, #0x5a10\n\t"                \
	             "mov x16, #0x5a11\n\tmov x17, #0x5a12"                                                            \
	             :                                                                                                 \
	             :                                                                                                 \
	             : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",  \
	               "x15", "x16", "x17", "cc", "memory")

static void evaluate(const void *expr, void *regs) {
	const nd_u32 leave_alone = 0xffffffff;
	struct fixture_other what;

	memcpy(&what, (const char *)expr + sizeof(void *), sizeof(what));
	result.evaluations++;
	if (what.dreg) memcpy(member(regs, &layout->regs_data) + 4 * what.dreg, &what.value, sizeof(what.value));
	if (what.code == leave_alone) return;
	memcpy(member(regs, &layout->regs_code), &what.code, sizeof(what.code));
	if (what.chain) memcpy(member(regs, &layout->regs_chain), &what.chain, sizeof(what.chain));
}

static void freed(const void *skb) {
	result.freed++;
	result.freed_what = (nd_u64)skb;
}

void fixture_eval_immediate(const void *expr, void *regs, const void *pkt) {
	(void)pkt;
	evaluate(expr, regs);
	SPOIL_REGISTERS();
}
void fixture_eval_lookup(const void *expr, void *regs, const void *pkt) {
	(void)pkt;
	evaluate(expr, regs);
	SPOIL_REGISTERS();
}
void fixture_eval_other(const void *expr, void *regs, const void *pkt) {
	(void)pkt;
	evaluate(expr, regs);
	SPOIL_REGISTERS();
}
void fixture_eval_payload(const void *expr, void *regs, const void *pkt) {
	const nd_u32 mismatch = 0xfffffffe;

	(void)expr;
	(void)pkt;
	result.evaluations++;
	memcpy(member(regs, &layout->regs_code), &mismatch, sizeof(mismatch));
	SPOIL_REGISTERS();
}
void fixture_free(void *skb, nd_u32 reason) {
	(void)reason;
	freed(skb);
	SPOIL_REGISTERS();
}
void fixture_sk_free(void *sk, void *skb, nd_u32 reason) {
	(void)sk;
	(void)reason;
	freed(skb);
	SPOIL_REGISTERS();
}
void fixture_trace_init(void *info, const void *pkt, const void *verdict, const void *chain) {
	(void)pkt;
	(void)verdict;
	(void)chain;
	memset(info, 0xa5, layout->traceinfo_size);
	*member(info, &layout->traceinfo_trace) = 1;
	SPOIL_REGISTERS();
}
void fixture_trace_packet(const void *pkt, void *info, const void *chain, const void *rule, nd_u32 type) {
	(void)pkt;
	(void)info;
	(void)chain;
	(void)rule;
	(void)type;
	SPOIL_REGISTERS();
}
void fixture_trace_verdict(void *info, const void *chain, const void *rule, void *regs) {
	(void)info;
	(void)chain;
	(void)rule;
	(void)regs;
	SPOIL_REGISTERS();
}
void fixture_count(const void *chain, const void *pkt) {
	(void)chain;
	(void)pkt;
	SPOIL_REGISTERS();
}
void (*volatile fixture_free_through_pointer)(void *skb, nd_u32 reason) = fixture_free;
const struct fixture_ops fixture_cmp_fast = {fixture_eval_other, NULL, 48, NULL};
const struct fixture_ops fixture_bitwise_fast = {fixture_eval_other, NULL, 40, NULL};
const struct fixture_ops fixture_payload_fast = {fixture_eval_payload, NULL, 32, NULL};

static const nd_u32 breakpoint = 0xd4200000; /* brk #0 */

static struct {
	nd_u32 *at;
	nd_u32 original;
} sites[GUEST_SITES], successors[2];
static unsigned site_count, successor_count;
static nd_u32 *stepping;

static nd_u32 *as_code(nd_u64 address) {
	return (nd_u32 *)address;
}

static void patch(nd_u32 *at, nd_u32 word) {
	*(volatile nd_u32 *)at = word;
	__builtin___clear_cache((char *)at, (char *)(at + 1));
}

static nd_u64 relative(nd_u32 word, unsigned low, unsigned bits) {
	const nd_u64 field = (nd_u64)word >> low << (64 - bits);

	return (nd_u64)((long long)field >> (64 - bits)) << 2;
}

static void stop_at(nd_u64 address) {
	successors[successor_count].at = as_code(address);
	successors[successor_count++].original = *as_code(address);
	patch(as_code(address), breakpoint);
}

/* Executes the instruction of a site: the next breakpoints are where it leads to. */
static void begin_step(nd_u32 *at, nd_u32 word, const ucontext_t *context) {
	const nd_u64 pc = (nd_u64)at;

	stepping = at;
	successor_count = 0;
	patch(at, word);
	if ((word & 0xfffffc1f) == 0xd65f0000) {
		stop_at(context->uc_mcontext.regs[word >> 5 & 31]);
		return;
	}
	if ((word & 0xfc000000) == 0x14000000) {
		stop_at(pc + relative(word, 0, 26));
		return;
	}
	stop_at(pc + 4);
	nd_u64 target = pc + 4;
	if ((word & 0xff000000) == 0x54000000 || (word & 0x7e000000) == 0x34000000) target = pc + relative(word, 5, 19);
	if ((word & 0x7e000000) == 0x36000000) target = pc + relative(word, 5, 14);
	if (target != pc + 4) stop_at(target);
}

static void end_step(void) {
	for (unsigned i = 0; i < successor_count; i++)
		patch(successors[i].at, successors[i].original);
	patch(stepping, breakpoint);
	stepping = NULL;
}

static void note_hit(unsigned site, const ucontext_t *context) {
	if (result.hits++ >= GUEST_HITS) return;
	struct guest_hit *hit = &result.hit[result.hits - 1];
	hit->site = site;
	hit->freed = result.freed != 0;
	memcpy(hit->regs, context->uc_mcontext.regs, 31 * sizeof(hit->regs[0]));
	hit->regs[31] = context->uc_mcontext.sp;
	hit->regs[32] = context->uc_mcontext.pc;
	memcpy(hit->stack, as_code(context->uc_mcontext.sp), GUEST_STACK_BYTES);
}

static void on_trap(int signal_, siginfo_t *info, void *context_of) {
	ucontext_t *context = context_of;
	nd_u32 *const at = as_code(context->uc_mcontext.pc);

	(void)signal_;
	(void)info;
	if (stepping) end_step();
	for (unsigned i = 0; i < site_count; i++) {
		if (sites[i].at != at) continue;
		note_hit(i, context);
		begin_step(at, sites[i].original, context);
		return;
	}
	/* A WARN: goes on behind it. */
	if (*at == 0xd4210000) context->uc_mcontext.pc += 4;
}

extern const struct fixture_label __start_fixture_labels[], __stop_fixture_labels[];

static void switch_static_keys(nd_u32 keys) {
	for (const struct fixture_label *l = __start_fixture_labels; l != __stop_fixture_labels; l++) {
		nd_u32 *const code = (nd_u32 *)((char *)&l->code + (int)l->code);
		const nd_u64 distance = (nd_u64)&l->target + (nd_u64)(long long)(int)l->target - (nd_u64)code;
		const int on = (int)(keys >> (l->key - 1) & 1);

		patch(code, on ? 0x14000000U | ((nd_u32)(distance >> 2) & 0x03ffffffU) : 0xd503201fU);
	}
}

static void remove_sites(void) {
	if (stepping) end_step();
	while (site_count) {
		site_count--;
		patch(sites[site_count].at, sites[site_count].original);
	}
}

static void transfer(int from_test, void *at, size_t bytes) {
	for (char *p = at; bytes;) {
		const ssize_t n = from_test ? read(0, p, bytes) : write(1, p, bytes);

		if (n <= 0) exit(n ? 1 : 0);
		p += n;
		bytes -= (size_t)n;
	}
}

static void set_up(const struct guest_request *request) {
	remove_sites();
	switch_static_keys(request->keys);
	layout = (const struct fixture_layout *)request->layout;
	for (unsigned i = 0; i < request->count; i++) {
		sites[i].at = as_code(request->sites[i]);
		sites[i].original = *sites[i].at;
		patch(sites[i].at, breakpoint);
	}
	site_count = request->count;
}

extern char __executable_start[], etext[];

int main(void) {
	static struct guest_request request;
	char room_above[2 * GUEST_STACK_BYTES]; /* so that there is a stack to copy above every frame */
	unsigned (*function)(void *, void *) = NULL;
	const struct sigaction action = {.sa_flags = SA_SIGINFO, .sa_sigaction = on_trap};
	const nd_u64 page = 4096, begin = (nd_u64)__executable_start & ~(page - 1);

	asm volatile("" : : "r"(room_above) : "memory");
	sigaction(SIGTRAP, &action, NULL);
	if (mprotect((void *)begin, (nd_u64)etext - begin, PROT_READ | PROT_WRITE | PROT_EXEC) != 0 ||
	    mmap((void *)GUEST_ARENA, GUEST_ARENA_BYTES, PROT_READ | PROT_WRITE,
	         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		return 2;
	for (;;) {
		transfer(1, &request, sizeof(request));
		if (request.kind == GUEST_SETUP) {
			set_up(&request);
			function = (unsigned (*)(void *, void *))request.function;
			continue;
		}
		transfer(1, (void *)GUEST_ARENA, request.count);
		memset(&result, 0, sizeof(result));
		result.returned = function((void *)request.pkt, (void *)request.base);
		transfer(0, &result, sizeof(result));
	}
}
