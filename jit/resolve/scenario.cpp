// SPDX-License-Identifier: GPL-2.0-only
#include "jit/resolve/scenario.h"

namespace nft_drops::jit {
namespace {

const RuleSpec kMatchFails = {{kContinue}, {kBreak}, {kContinue}};
const RuleSpec kNothing = {{kContinue}};

RuleSpec verdict(uint32_t code) {
	return {{kContinue}, {code}};
}
RuleSpec only(uint32_t code) {
	return {{code}};
}
RuleSpec jump(int chain) {
	return {{kContinue}, {kJump, chain}};
}
RuleSpec go(int chain) {
	return {{kContinue}, {kGoto, chain}};
}

// A drop with the jump stack full.
Scenario deepest_drop(int jump_limit) {
	Scenario s{.name = "drop by the rule that the last possible jump leads to", .chains = {}, .policy = kAccept};
	for (int i = 0; i < jump_limit; i++)
		s.chains.push_back(i % 3 ? ChainSpec{kMatchFails, jump(i + 1), kNothing} : ChainSpec{jump(i + 1)});
	s.chains.push_back({kNothing, verdict(kDrop), kNothing});
	return s;
}

// How the last jumps are made where jumps are nested one too deep.
struct LastJumps {
	const char *name;
	ChainSpec before_last; // reached by jump_limit - 1 jumps; `last` and `side` are the chains after it
	ChainSpec last;
	ChainSpec side;
};

Scenario jump_limit_scenario(int jump_limit, LastJumps jumps) {
	Scenario s{.name = jumps.name, .chains = {}, .policy = kAccept};
	// Most of the steps of all scenarios together are taken here: mostly one expression is enough.
	for (int i = 0; i < jump_limit - 1; i++)
		s.chains.push_back(i % 5 == 1 ? ChainSpec{kMatchFails, jump(i + 1), kNothing}
		                              : ChainSpec{{{kJump, i + 1}}, kNothing});
	s.chains.push_back(std::move(jumps.before_last));
	s.chains.push_back(std::move(jumps.last));
	s.chains.push_back(std::move(jumps.side));
	s.chains.push_back({verdict(kAccept)});
	return s;
}

// By the first rule of its chain.
Scenario plain_jump_limit(int jump_limit) {
	const int last = jump_limit;
	const int end = jump_limit + 2;
	return jump_limit_scenario(jump_limit, {"jump limit", {jump(last)}, {jump(end), kNothing}, {}});
}

// By rules in different places: the first of its chain, a later one, one after a return, one behind a goto.
std::vector<Scenario> jump_limit_scenarios(int jump_limit) {
	const int last = jump_limit;
	const int side = jump_limit + 1;
	const int end = jump_limit + 2;
	const LastJumps variants[] = {
	        {"jump limit in a later rule",
	         {kMatchFails, jump(last), kNothing},
	         {kMatchFails, kNothing, jump(end), kNothing},
	         {}},
	        {"jump limit after a return",
	         {jump(side), kMatchFails, jump(last)},
	         {kNothing, jump(end)},
	         {kNothing, verdict(kReturn)}},
	        {"jump limit behind a goto",
	         {kNothing, jump(last)},
	         {kMatchFails, go(side), kNothing},
	         {kNothing, kMatchFails, jump(end)}},
	};
	std::vector<Scenario> all;
	for (const LastJumps &v : variants)
		all.push_back(jump_limit_scenario(jump_limit, v));
	all.push_back(plain_jump_limit(jump_limit));
	return all;
}

} // namespace

Outcome meaning(const Scenario &s, int jump_limit, bool special_breaks) {
	Outcome out;
	std::vector<RulePlace> &stack = out.stack;
	int chain = 0;
	int rule = 0;
	for (;;) {
		const ChainSpec &c = s.chains[static_cast<size_t>(chain)];
		Effect last;
		for (; rule < static_cast<int>(c.size()); rule++) {
			last = {};
			const RuleSpec &r = c[static_cast<size_t>(rule)];
			for (int e = 0; e < static_cast<int>(r.size()); e++) {
				const bool special = s.is_special({chain, rule, e});
				if (!special) out.evaluated.push_back({chain, rule, e});
				last = special ? Effect{special_breaks ? kBreak : kContinue}
				               : r[static_cast<size_t>(e)];
				if (last.code != kContinue) break;
			}
			if (last.code != kBreak && last.code != kContinue) break;
			last = {};
		}
		const uint32_t low = last.code & kVerdictMask;
		if (last.code < kReturn && low <= kQueue) {
			out.verdict = last.code;
			out.chain = chain;
			out.rule = rule;
			if (low == kDrop) out.cause = ND_CAUSE_RULE;
			return out;
		}
		if (last.code == kJump || last.code == kGoto) {
			if (last.code == kJump) {
				if (static_cast<int>(stack.size()) >= jump_limit) {
					out.cause = ND_CAUSE_JUMP_LIMIT;
					out.verdict = kJump;
					out.chain = chain;
					out.rule = rule;
					return out;
				}
				stack.push_back({chain, rule + 1});
			}
			chain = last.chain;
			rule = 0;
			continue;
		}
		if (stack.empty()) {
			out.verdict = s.policy;
			if (s.policy == kDrop) out.cause = ND_CAUSE_POLICY;
			return out;
		}
		chain = stack.back().chain;
		rule = stack.back().rule;
		stack.pop_back();
	}
}

std::vector<Scenario> inline_scenarios(uint64_t address, bool is_eval, int jump_limit) {
	std::vector<Scenario> all;
	for (uint8_t fill : {1, 4}) {
		all.push_back({.name = "inline, then drop",
		               .chains = {{{{kContinue}, {kBreak}}, kNothing, verdict(kDrop), kNothing}},
		               .policy = kAccept,
		               .fill = fill});
		all.push_back({.name = "inline in the rule that drops",
		               .chains = {{kNothing, verdict(kDrop), verdict(kDrop), kNothing}},
		               .policy = kAccept,
		               .fill = fill,
		               .special_place = {0, 1, 0}});
		all.push_back({.name = "inline, then policy",
		               .chains = {{kNothing, kNothing}},
		               .fill = fill,
		               .special_place = {0, 1, 0}});
	}
	for (int rule : {0, 1}) {
		Scenario s = plain_jump_limit(jump_limit);
		s.name = rule ? "inline in the rule at the jump limit" : "inline, then jump limit";
		s.chains[static_cast<size_t>(jump_limit)] = {kNothing, jump(jump_limit + 2), jump(jump_limit + 2)};
		s.fill = 1;
		s.special_place = {jump_limit, rule, 0};
		all.push_back(std::move(s));
	}
	for (Scenario &s : all)
		(is_eval ? s.special_eval : s.special_ops) = address;
	return all;
}

std::vector<Scenario> standard_scenarios(int jump_limit) {
	constexpr uint32_t kErrno = 1U << 16; // a verdict may carry an errno or a queue's number above its low byte
	std::vector<Scenario> all = {
	        {.name = "drop in the middle",
	         .chains = {{kNothing, kMatchFails, verdict(kDrop), kNothing}},
	         .policy = kAccept},
	        {.name = "drop by the first rule", .chains = {{verdict(kDrop), verdict(kAccept)}}, .policy = kAccept},
	        {.name = "drop by the last rule",
	         .chains = {{kMatchFails, kMatchFails, verdict(kDrop)}},
	         .policy = kAccept},
	        {.name = "drop by the only rule", .chains = {{only(kDrop)}}, .policy = kAccept},
	        {.name = "drop with an error number", .chains = {{kMatchFails, verdict(kDrop | kErrno), kNothing}}},
	        {.name = "empty chain, policy drop", .chains = {{}}},
	        {.name = "empty chain, policy accept", .chains = {{}}, .policy = kAccept},
	        {.name = "policy drop", .chains = {{kNothing, kMatchFails}}},
	        {.name = "policy drop after a match", .chains = {{kMatchFails, kNothing}}},
	        {.name = "policy accept", .chains = {{kMatchFails, kNothing}}, .policy = kAccept},
	        {.name = "accept", .chains = {{kMatchFails, verdict(kAccept), kNothing}}},
	        {.name = "accept by the first rule", .chains = {{only(kAccept)}}},
	        {.name = "queue", .chains = {{kNothing, verdict(kQueue | 7 * kErrno)}}},
	        {.name = "stolen", .chains = {{kMatchFails, verdict(kStolen), kNothing}}},
	        {.name = "return in the base chain, policy drop",
	         .chains = {{kNothing, verdict(kReturn), verdict(kAccept)}}},
	        {.name = "return in the base chain, policy accept",
	         .chains = {{kNothing, verdict(kReturn), verdict(kDrop)}},
	         .policy = kAccept},
	        {.name = "drop after jump",
	         .chains = {{kMatchFails, jump(1), verdict(kAccept)}, {kNothing, verdict(kDrop), kNothing}},
	         .policy = kAccept},
	        {.name = "drop by the first rule after jump", .chains = {{jump(1)}, {only(kDrop)}}, .policy = kAccept},
	        {.name = "drop after the end of a chain",
	         .chains = {{jump(1), kMatchFails, verdict(kDrop), kNothing}, {kNothing, kMatchFails}},
	         .policy = kAccept},
	        {.name = "drop right after return",
	         .chains = {{kNothing, jump(1), only(kDrop)}, {kMatchFails, verdict(kReturn), verdict(kAccept)}},
	         .policy = kAccept},
	        {.name = "drop after an empty chain", .chains = {{jump(1), only(kDrop)}, {}}, .policy = kAccept},
	        {.name = "drop after goto",
	         .chains = {{kMatchFails, go(1), verdict(kAccept)}, {kMatchFails, verdict(kDrop), kNothing}},
	         .policy = kAccept},
	        {.name = "policy drop after goto", .chains = {{go(1), verdict(kAccept)}, {kNothing, kMatchFails}}},
	        {.name = "policy drop after return from the last rule",
	         .chains = {{kNothing, jump(1)}, {verdict(kReturn)}}},
	        {.name = "policy accept after jump",
	         .chains = {{jump(1), kMatchFails}, {kMatchFails}},
	         .policy = kAccept},
	        {.name = "accept after jump", .chains = {{jump(1), verdict(kDrop)}, {kNothing, verdict(kAccept)}}},
	        {.name = "goto out of a jumped-to chain, then drop by its caller",
	         .chains = {{jump(1), kMatchFails, verdict(kDrop)}, {go(2), verdict(kAccept)}, {kMatchFails, kNothing}},
	         .policy = kAccept},
	        {.name = "three jumps deep",
	         .chains = {{jump(1), verdict(kAccept)},
	                    {kMatchFails, jump(2), verdict(kAccept)},
	                    {kNothing, kMatchFails, jump(3)},
	                    {kMatchFails, verdict(kDrop), verdict(kAccept)}},
	         .policy = kAccept},
	        {.name = "two jumps and back, then drop",
	         .chains = {{kNothing, jump(1), kMatchFails, verdict(kDrop)},
	                    {jump(2), kMatchFails, verdict(kReturn)},
	                    {kNothing, verdict(kReturn)}},
	         .policy = kAccept},
	};
	for (Scenario &s : jump_limit_scenarios(jump_limit))
		all.push_back(std::move(s));
	all.push_back(deepest_drop(jump_limit));
	for (size_t i = 0; i < all.size(); i++)
		all[i].second_generation = i % 2;
	return all;
}

} // namespace nft_drops::jit
