// SPDX-License-Identifier: GPL-2.0-only
#include "runtime.h"

#include <cstring>

// The fixtures keep the stack aligned to 8 bytes only, as kernels do.
#define CALLED_BY_FIXTURE __attribute__((force_align_arg_pointer))

namespace nft_drops::jit_test {

Witness witness;
const Eval kEvalFunctions[3] = {fixture_eval_immediate, fixture_eval_lookup, fixture_eval_other};

namespace {

// Last in each function: what is called may change these registers, so it does.
inline __attribute__((always_inline)) void spoil_registers() {
	asm volatile("mov $0x5a5a5a01, %%eax\n\t"
	             "mov $0x5a5a5a02, %%ecx\n\t"
	             "mov $0x5a5a5a03, %%edx\n\t"
	             "mov $0x5a5a5a04, %%esi\n\t"
	             "mov $0x5a5a5a05, %%edi\n\t"
	             "mov $0x5a5a5a06, %%r8d\n\t"
	             "mov $0x5a5a5a07, %%r9d\n\t"
	             "mov $0x5a5a5a08, %%r10d\n\t"
	             "mov $0x5a5a5a09, %%r11d"
	             :
	             :
	             : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "cc", "memory");
}

char *at(const void *base, const nd_field &f) {
	return static_cast<char *>(const_cast<void *>(base)) + static_cast<int16_t>(f.offset);
}

void evaluate(const void *expr, void *regs) {
	const fixture_layout &lay = *witness.layout;
	fixture_other what;
	memcpy(&what, static_cast<const char *>(expr) + sizeof(void *), sizeof(what));
	witness.evaluations++;
	if (what.dreg) memcpy(at(regs, lay.regs_data) + sizeof(uint32_t) * what.dreg, &what.value, sizeof(what.value));
	if (what.code == kLeaveAlone) return;
	memcpy(at(regs, lay.regs_code), &what.code, sizeof(what.code));
	if (!what.chain) return;
	const auto chain = reinterpret_cast<uint64_t>(what.chain);
	memcpy(at(regs, lay.regs_chain), &chain, sizeof(chain));
}

void freed(const void *skb) {
	witness.freed++;
	witness.freed_what = skb;
}

} // namespace
} // namespace nft_drops::jit_test

using namespace nft_drops::jit_test;

extern "C" {

CALLED_BY_FIXTURE void fixture_eval_immediate(const void *expr, void *regs, const void *) {
	evaluate(expr, regs);
	spoil_registers();
}

CALLED_BY_FIXTURE void fixture_eval_lookup(const void *expr, void *regs, const void *) {
	evaluate(expr, regs);
	spoil_registers();
}

CALLED_BY_FIXTURE void fixture_eval_other(const void *expr, void *regs, const void *) {
	evaluate(expr, regs);
	spoil_registers();
}

// Comes after the inline evaluation found the packet too short.
CALLED_BY_FIXTURE void fixture_eval_payload(const void *, void *regs, const void *) {
	constexpr uint32_t kBreak = 0xfffffffe;
	witness.evaluations++;
	memcpy(at(regs, witness.layout->regs_code), &kBreak, sizeof(kBreak));
	spoil_registers();
}

CALLED_BY_FIXTURE void fixture_free(void *skb, nd_u32) {
	freed(skb);
	spoil_registers();
}

CALLED_BY_FIXTURE void fixture_sk_free(void *, void *skb, nd_u32) {
	freed(skb);
	spoil_registers();
}

CALLED_BY_FIXTURE void fixture_trace_init(void *info, const void *, const void *, const void *) {
	const bool yes = true;
	memset(info, 0xa5, witness.layout->traceinfo_size);
	memcpy(at(info, witness.layout->traceinfo_trace), &yes, sizeof(yes));
	spoil_registers();
}

CALLED_BY_FIXTURE void fixture_trace_packet(const void *, void *, const void *, const void *, nd_u32) {
	spoil_registers();
}

CALLED_BY_FIXTURE void fixture_trace_verdict(void *, const void *, const void *, void *) {
	spoil_registers();
}

CALLED_BY_FIXTURE void fixture_count(const void *, const void *) {
	spoil_registers();
}

void (*volatile fixture_free_through_pointer)(void *skb, nd_u32 reason) = fixture_free;

const fixture_ops fixture_cmp_fast = {fixture_eval_other, nullptr, 48, nullptr};
const fixture_ops fixture_bitwise_fast = {fixture_eval_other, nullptr, 40, nullptr};
const fixture_ops fixture_payload_fast = {fixture_eval_payload, nullptr, 32, nullptr};
}
