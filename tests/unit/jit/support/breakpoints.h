// SPDX-License-Identifier: GPL-2.0-only
// Runs a fixture natively with a breakpoint at each site of a Plan, as kprobes would stand there: what the probe would
// find at each hit is noted, and the instruction itself is then executed in place, alone.
#ifndef NFT_DROPS_TESTS_UNIT_JIT_SUPPORT_BREAKPOINTS_H
#define NFT_DROPS_TESTS_UNIT_JIT_SUPPORT_BREAKPOINTS_H

#include "fixtures.h"
#include "jit/resolve/plan.h"
#include "world.h"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace nft_drops::jit_test {

// The kernel's struct pt_regs of x86-64, in 8-byte words: r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi
// orig_rax rip cs eflags rsp ss.
using PtRegs = std::array<uint64_t, 21>;

// An event as bpf/probe.bpf.c would make it.
struct Hit {
	size_t site;
	uint64_t pkt, rule, base;
	uint32_t verdict;
	uint8_t cause; // enum nd_cause
	bool freed;    // the packet was freed before
	uint64_t expr; // 0 where the Plan does not say
	// Of the jump stack, where the Plan says where it is: its depth (else -1), and of each jump where it would have
	// returned to and (else 0) its chain.
	int64_t depth;
	std::array<uint64_t, ND_JUMPS> returns, chains;
};

// What the probe does at a hit, in this test's own words: false where it is no drop. Memory is read in `arena` and in
// `stack`, which begins at the stack pointer, and all else reads as zero.
bool evaluate_site(const nd_site &site, const nd_field &base_policy, std::span<const uint64_t> regs, const Arena &arena,
                   std::span<const uint8_t> stack, Hit &to);

class Breakpoints {
public:
	// Called at each hit, in a signal handler.
	using OnHit = void (*)(size_t site, const PtRegs &regs);

	Breakpoints(const Fixture &f, const jit::Plan &plan, const Arena &arena, OnHit on_hit = nullptr);
	~Breakpoints();
	Breakpoints(const Breakpoints &) = delete;
	Breakpoints &operator=(const Breakpoints &) = delete;

	// Returns what the fixture does. Events are then in events(), until the next run.
	uint32_t run(const World &world);
	[[nodiscard]] std::span<const Hit> events() const;

private:
	const Fixture &fixture_;
};

// The addresses of all instructions that a run executes in `image` (as native addresses, in order).
std::vector<uint64_t> trace(const Fixture &f, const jit::Image &image, const World &world);

} // namespace nft_drops::jit_test

#endif
