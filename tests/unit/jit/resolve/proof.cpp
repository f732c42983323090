// SPDX-License-Identifier: GPL-2.0-only
#include "proof.h"

#include "runtime.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace nft_drops::jit_test {
namespace {

constexpr uint32_t kDropErrno = 1;   // EPERM
constexpr uint32_t kLimitErrno = 40; // ELOOP
constexpr uint32_t kStolen = 2;

// Empty if the function did what nf_tables does (as of the kernel that the fixture stands for).
std::string check_function(const fixture_layout &lay, const Meaning &m, const World &w, const Observed &seen) {
	if (m.evaluations != seen.evaluations)
		return fmt::format("{} evaluations in place of {}", seen.evaluations, m.evaluations);
	const bool at_limit = m.cause == Cause::kJumpLimit;
	const bool freed = at_limit ? lay.freed_at_the_limit != 0 : m.cause != Cause::kNone && lay.freed_inside;
	if (seen.freed != (freed ? 1 : 0)) return fmt::format("freed {} times", seen.freed);
	if (freed && seen.freed_what != reinterpret_cast<uint64_t>(w.skb)) return "something else was freed";
	uint32_t right = m.verdict;
	if (at_limit) right = 0;
	if (freed) right = (at_limit ? kLimitErrno : kDropErrno) << 16 | kStolen;
	if (seen.returned != right) return fmt::format("returned {:#x} in place of {:#x}", seen.returned, right);
	return {};
}

std::string check_events(const jit::Plan &plan, const Meaning &m, const World &w, std::span<const Hit> events) {
	const size_t expected = m.cause != Cause::kNone ? 1 : 0;
	if (events.size() != expected) {
		std::vector<size_t> sites;
		for (const Hit &h : events)
			sites.push_back(h.site);
		return fmt::format("{} events (sites {}) in place of {}", events.size(), fmt::join(sites, ","),
		                   expected);
	}
	if (!expected) return {};
	const Hit &e = events.front();
	const auto is = [](uint64_t value, const char *pointer) {
		return value == reinterpret_cast<uint64_t>(pointer);
	};
	if (e.freed) return "the packet had been freed before";
	if (!is(e.pkt, w.pkt)) return "another packet";
	if (!is(e.base, w.base)) return "another base chain";
	const uint8_t cause = m.cause == Cause::kRule     ? ND_CAUSE_RULE
	                      : m.cause == Cause::kPolicy ? ND_CAUSE_POLICY
	                                                  : ND_CAUSE_JUMP_LIMIT;
	if (e.cause != cause) return fmt::format("cause {} in place of {}", e.cause, cause);
	if (m.rule >= 0 && !is(e.rule, w.rules[static_cast<size_t>(m.chain)][static_cast<size_t>(m.rule)]))
		return "another rule";
	if (m.cause == Cause::kRule) {
		const auto chain = static_cast<size_t>(m.chain), rule = static_cast<size_t>(m.rule);
		if (e.expr && !is(e.expr, w.exprs[chain][rule][static_cast<size_t>(m.expr)]))
			return "another expression";
		if (e.depth >= 0 && e.depth != static_cast<int64_t>(m.stack.size()))
			return fmt::format("{} jumps in place of {}", e.depth, m.stack.size());
		for (size_t i = 0; e.depth >= 0 && i < m.stack.size(); i++) {
			const auto of = static_cast<size_t>(m.stack[i].chain);
			if (!is(e.returns[i], w.rules[of][static_cast<size_t>(m.stack[i].rule)]))
				return fmt::format("jump {} returns elsewhere", i);
			if (e.chains[i] && !is(e.chains[i], w.chains[of]))
				return fmt::format("jump {} of another chain", i);
		}
	}
	if (plan.sites[e.site].site.verdict.where == ND_WHERE_NONE) return {};
	constexpr uint32_t kContinue = 0xffffffff;
	constexpr uint32_t kReturn = 0xfffffffb;
	const bool right =
	        m.cause == Cause::kPolicy ? e.verdict == kContinue || e.verdict == kReturn : e.verdict == m.verdict;
	return right ? "" : fmt::format("verdict {:#x}", e.verdict);
}

} // namespace

Proof prove(const fixture_layout &layout, const jit::Plan &plan, unsigned seed, int rulesets, Arena &arena,
            const Named &named, const std::function<Observed(const World &)> &run) {
	Proof proof;
	std::mt19937_64 random(seed);
	for (int i = 0; i < rulesets; i++) {
		const Ruleset r = random_ruleset(random);
		const Meaning m = meaning_of(r, layout.jump_limit);
		arena.reset(random);
		const World w = lay_out(r, layout, arena, random, named);
		const Observed seen = run(w);
		proof.rulesets++;
		switch (m.cause) {
		case Cause::kNone:
			proof.not_dropped++;
			break;
		case Cause::kRule:
			proof.by_rule++;
			break;
		case Cause::kPolicy:
			proof.by_policy++;
			break;
		case Cause::kJumpLimit:
			proof.by_jump_limit++;
			break;
		}
		if (auto why = check_function(layout, m, w, seen); !why.empty() && !proof.foreign++)
			proof.first_foreign = why + "\n" + describe(r);
		const size_t dropped = (seen.returned & 0xff) == 0 || seen.freed ? 1 : 0;
		proof.inconsistent += seen.events.size() != dropped;
		if (auto why = check_events(plan, m, w, seen.events); !why.empty() && !proof.wrong++)
			proof.first_wrong = why + "\n" + describe(r);
	}
	return proof;
}

Proof prove(const Fixture &f, const jit::Plan &plan, unsigned seed, int rulesets, uint32_t keys,
            Breakpoints::OnHit on_hit) {
	Arena arena;
	switch_static_keys(keys);
	Proof proof;
	{
		Breakpoints points(f, plan, arena, on_hit);
		proof = prove(*f.layout, plan, seed, rulesets, arena, own_named(), [&](const World &w) {
			const uint32_t returned = points.run(w);
			return Observed{.returned = returned,
			                .evaluations = witness.evaluations,
			                .freed = witness.freed,
			                .freed_what = reinterpret_cast<uint64_t>(witness.freed_what),
			                .events = points.events()};
		});
	}
	switch_static_keys(0);
	return proof;
}

} // namespace nft_drops::jit_test
