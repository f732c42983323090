// SPDX-License-Identifier: GPL-2.0-only
#include "breakpoints.h"

#include "runtime.h"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <ucontext.h>

namespace nft_drops::jit_test {
namespace {

constexpr uint8_t kInt3 = 0xcc;
constexpr greg_t kTrapFlag = 0x100;
constexpr size_t kMostSites = 16;
constexpr size_t kMostEvents = 64;

struct Armed {
	uint8_t *at;
	uint8_t original;
	const nd_site *site;
};

// All that the signal handlers work on; nothing here is allocated while they run.
struct {
	std::array<Armed, kMostSites> sites;
	size_t count;
	Armed *stepping;
	const nd_field *base_policy;
	const Arena *arena;
	Breakpoints::OnHit on_hit;
	std::array<Hit, kMostEvents> events;
	size_t event_count;
	std::vector<uint64_t> *trace; // with capacity
} now;

PtRegs pt_regs_of(const ucontext_t &context) {
	constexpr std::array<int, 15> kOrder = {REG_R15, REG_R14, REG_R13, REG_R12, REG_RBP, REG_RBX, REG_R11, REG_R10,
	                                        REG_R9,  REG_R8,  REG_RAX, REG_RCX, REG_RDX, REG_RSI, REG_RDI};
	PtRegs regs{};
	for (size_t i = 0; i < kOrder.size(); i++)
		regs[i] = static_cast<uint64_t>(context.uc_mcontext.gregs[kOrder[i]]);
	regs[16] = static_cast<uint64_t>(context.uc_mcontext.gregs[REG_RIP]);
	regs[18] = static_cast<uint64_t>(context.uc_mcontext.gregs[REG_EFL]);
	regs[19] = static_cast<uint64_t>(context.uc_mcontext.gregs[REG_RSP]);
	return regs;
}

void hit(size_t index, const ucontext_t &context) {
	const PtRegs regs = pt_regs_of(context);
	if (now.on_hit) now.on_hit(index, regs);
	Hit event{};
	constexpr size_t kStack = 4096; // above the stack pointer: there are frames enough
	const auto *stack = native_bytes(static_cast<uint64_t>(context.uc_mcontext.gregs[REG_RSP]));
	if (!evaluate_site(*now.sites[index].site, *now.base_policy, regs, *now.arena, {stack, kStack}, event)) return;
	event.site = index;
	event.freed = witness.freed != 0;
	if (now.event_count < kMostEvents) now.events[now.event_count++] = event;
}

void on_trap(int, siginfo_t *, void *context_of) {
	auto &context = *static_cast<ucontext_t *>(context_of);
	greg_t &rip = context.uc_mcontext.gregs[REG_RIP];
	greg_t &flags = context.uc_mcontext.gregs[REG_EFL];
	if (now.trace) {
		if (now.trace->size() < now.trace->capacity()) now.trace->push_back(static_cast<uint64_t>(rip));
		return;
	}
	if (now.stepping) {
		*now.stepping->at = kInt3;
		now.stepping = nullptr;
		flags &= ~kTrapFlag;
		return;
	}
	for (size_t i = 0; i < now.count; i++) {
		Armed &armed = now.sites[i];
		if (rip != reinterpret_cast<greg_t>(armed.at) + 1) continue;
		hit(i, context);
		rip--;
		*armed.at = armed.original;
		now.stepping = &armed;
		flags |= kTrapFlag;
		return;
	}
}

// A WARN: goes on behind the ud2, as the kernel does.
void on_illegal(int, siginfo_t *, void *context_of) {
	auto &context = *static_cast<ucontext_t *>(context_of);
	const auto *at = native_bytes(static_cast<uint64_t>(context.uc_mcontext.gregs[REG_RIP]));
	if (at[0] == 0x0f && at[1] == 0x0b)
		context.uc_mcontext.gregs[REG_RIP] += 2;
	else
		signal(SIGILL, SIG_DFL);
}

void install_handlers() {
	struct sigaction action{};
	action.sa_flags = SA_SIGINFO;
	action.sa_sigaction = on_trap;
	sigaction(SIGTRAP, &action, nullptr);
	action.sa_sigaction = on_illegal;
	sigaction(SIGILL, &action, nullptr);
}

void begin_run(const Fixture &f) {
	witness = {.layout = f.layout, .evaluations = 0, .freed = 0, .freed_what = nullptr};
}

} // namespace

bool evaluate_site(const nd_site &site, const nd_field &base_policy, std::span<const uint64_t> regs, const Arena &arena,
                   std::span<const uint8_t> stack, Hit &to) {
	const auto word = [&regs](uint32_t offset) { return regs[offset / 8]; };
	const uint64_t stack_pointer = word(site.stack_pointer);
	const auto read = [&](uint64_t address, size_t bytes) {
		uint64_t value = 0;
		const uint64_t on_stack = address - stack_pointer;
		if (arena.holds(address, bytes))
			memcpy(&value, native_bytes(address), bytes);
		else if (on_stack < stack.size() && stack.size() - on_stack >= bytes)
			memcpy(&value, stack.data() + on_stack, bytes);
		return value;
	};
	const auto slot = [&](int offset) { return read(stack_pointer + static_cast<uint64_t>(int64_t{offset}), 8); };
	const auto locate = [&](const nd_locator &at) -> uint64_t {
		switch (at.where) {
		case ND_WHERE_REGISTER:
			return word(static_cast<uint32_t>(at.offset));
		case ND_WHERE_STACK:
			return slot(at.offset);
		case ND_WHERE_AT_REGISTER:
			return read(word(static_cast<uint32_t>(at.offset)), 8);
		case ND_WHERE_AT_STACK:
			return read(slot(at.offset), 8);
		default:
			return 0;
		}
	};
	to.pkt = locate(site.pkt);
	to.rule = locate(site.rule);
	to.base = locate(site.base);
	to.verdict = static_cast<uint32_t>(locate(site.verdict));
	to.expr = locate(site.expr);
	to.depth = site.stack.depth.where ? static_cast<uint32_t>(locate(site.stack.depth)) : -1;
	for (int i = 0; i < std::min<int64_t>(to.depth, ND_JUMPS); i++) {
		const uint64_t at = stack_pointer + static_cast<uint64_t>(int64_t{site.stack.returns.offset}) +
		                    static_cast<uint64_t>(i * site.stack.step);
		uint64_t &next = to.returns[static_cast<size_t>(i)];
		next = read(at, 8);
		if (site.stack.returns.where == ND_WHERE_AT_STACK) next = read(next, 8);
		to.chains[static_cast<size_t>(i)] =
		        site.stack.chain ? read(at + static_cast<uint64_t>(int64_t{site.stack.chain}), 8) : 0;
	}
	const auto policy_at = to.base + static_cast<uint64_t>(int64_t{static_cast<int16_t>(base_policy.offset)});
	switch (site.test) {
	case ND_TEST_NONE:
		break;
	case ND_TEST_VERDICT:
		if (to.verdict & 0xff) return false;
		break;
	case ND_TEST_RETURN:
		if (locate(site.retval) & 0xff) return false;
		break;
	case ND_TEST_POLICY:
		if (read(policy_at, base_policy.size)) return false;
		break;
	default:
		return false;
	}
	constexpr uint32_t kContinue = 0xffffffff;
	constexpr uint32_t kJump = 0xfffffffd;
	constexpr uint32_t kReturn = 0xfffffffb;
	if (site.cause)
		to.cause = static_cast<uint8_t>(site.cause);
	else if (to.verdict == kContinue || to.verdict == kReturn)
		to.cause = ND_CAUSE_POLICY;
	else
		to.cause = to.verdict == kJump ? ND_CAUSE_JUMP_LIMIT : ND_CAUSE_RULE;
	return true;
}

Breakpoints::Breakpoints(const Fixture &f, const jit::Plan &plan, const Arena &arena, OnHit on_hit) : fixture_(f) {
	now = {};
	now.base_policy = &f.layout->base_policy;
	now.arena = &arena;
	now.on_hit = on_hit;
	install_handlers();
	for (const jit::PlannedSite &s : plan.sites) {
		const uint64_t at = to_native(s.address);
		make_writable(at, 1);
		auto *byte = native_bytes(at);
		now.sites[now.count++] = {byte, *byte, &s.site};
		*byte = kInt3;
		if (now.count == kMostSites) break;
	}
}

Breakpoints::~Breakpoints() {
	for (size_t i = 0; i < now.count; i++)
		*now.sites[i].at = now.sites[i].original;
	now.count = 0;
	signal(SIGTRAP, SIG_DFL);
	signal(SIGILL, SIG_DFL);
}

uint32_t Breakpoints::run(const World &world) {
	begin_run(fixture_);
	now.event_count = 0;
	return fixture_.function(world.pkt, world.base);
}

std::span<const Hit> Breakpoints::events() const {
	return {now.events.data(), now.event_count};
}

std::vector<uint64_t> trace(const Fixture &f, const jit::Image &image, const World &world) {
	constexpr size_t kMostSteps = 100'000;
	std::vector<uint64_t> all;
	all.reserve(kMostSteps);
	now = {};
	install_handlers();
	begin_run(f);
	now.trace = &all;
	asm volatile("pushf\n\torq $0x100, (%%rsp)\n\tpopf" ::: "memory", "cc");
	f.function(world.pkt, world.base);
	asm volatile("pushf\n\tandq $~0x100, (%%rsp)\n\tpopf" ::: "memory", "cc");
	now.trace = nullptr;
	signal(SIGTRAP, SIG_DFL);
	signal(SIGILL, SIG_DFL);
	std::erase_if(all, [&](uint64_t address) {
		return std::ranges::none_of(image.ranges, [&](const jit::CodeRange &r) {
			return to_image(address) - r.address < r.bytes.size();
		});
	});
	return all;
}

} // namespace nft_drops::jit_test
