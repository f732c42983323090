// SPDX-License-Identifier: GPL-2.0-only
#include "mutants.h"
#include "jit/explain/explain.h"
#include "jit/resolve/choose.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace nft_drops::guest {
namespace {

using jit::Architecture;
using jit::Code;
using jit::Plan;
using jit::PlannedSite;

template <typename T> T must(Result<T> result) {
	if (result) return std::move(*result);
	fprintf(stderr, "%s\n", result.error().message().c_str());
	std::abort();
}

} // namespace

Mutants::Mutants(const jit::Kernel &kernel, const Plan &truth, uint32_t seed)
    : truth_(truth), image_(kernel.image), architecture_(must(Architecture::of(image_.machine))),
      code_(must(Code::decode(image_, *architecture_))), random_(seed) {
}

// What the site's program looks at.
std::vector<Mutants::Fact> Mutants::facts_of(const nd_site &site) const {
	std::vector<Fact> facts{{"packet", &nd_site::pkt}, {"chain", &nd_site::base}};
	if (site.cause != ND_CAUSE_POLICY) facts.push_back({"rule", &nd_site::rule});
	if (site.test == ND_TEST_VERDICT || site.cause == 0) facts.push_back({"verdict", &nd_site::verdict});
	if (site.cause != ND_CAUSE_POLICY && site.expr.where != ND_WHERE_NONE)
		facts.push_back({"expression", &nd_site::expr});
	if (site.test == ND_TEST_RETURN) facts.push_back({"return value", &nd_site::retval});
	return facts;
}

// Any other register (the end-of-rule pointer and the like are in some), or another stack slot.
nd_locator Mutants::elsewhere(const nd_locator &from) {
	for (;;) {
		nd_locator to = from;
		if (below(3) != 0) {
			to.where = ND_WHERE_REGISTER;
			to.offset = architecture_->pt_regs_offset(
			        static_cast<int>(below(static_cast<uint32_t>(architecture_->general_registers()))));
		} else {
			to.where = ND_WHERE_STACK;
			to.offset = from.where == ND_WHERE_STACK ? from.offset + 8 * (static_cast<int>(below(9)) - 4)
			                                         : 8 * static_cast<int>(below(48));
		}
		if (to.offset >= 0 && (to.where != from.where || to.offset != from.offset)) return to;
	}
}

std::string Mutants::move_fact(PlannedSite &site) {
	const auto facts = facts_of(site.site);
	const Fact &fact = facts[below(static_cast<uint32_t>(facts.size()))];
	nd_locator &at = site.site.*fact.at;
	const std::string before = describe(at, image_.machine);
	at = elsewhere(at);
	return fmt::format("{} in {}, not {}", fact.name, describe(at, image_.machine), before);
}

std::string Mutants::swap_facts(PlannedSite &site) {
	const auto facts = facts_of(site.site);
	const uint32_t a = below(static_cast<uint32_t>(facts.size()));
	const uint32_t b =
	        (a + 1 + below(static_cast<uint32_t>(facts.size()) - 1)) % static_cast<uint32_t>(facts.size());
	std::swap(site.site.*facts[a].at, site.site.*facts[b].at);
	return fmt::format("{} and {} swapped", facts[a].name, facts[b].name);
}

// The jump stack elsewhere, or made otherwise.
std::string Mutants::damage_jumps(PlannedSite &site) {
	nd_stack &stack = site.site.stack;
	const auto differ = [this](int from) {
		return from + 8 * (1 + static_cast<int>(below(4))) * (below(2) ? 1 : -1);
	};
	switch (below(5)) {
	case 0: {
		const std::string before = describe(stack.depth, image_.machine);
		stack.depth = elsewhere(stack.depth);
		return fmt::format("number of jumps in {}, not {}", describe(stack.depth, image_.machine), before);
	}
	case 1: {
		const int before = std::exchange(stack.step, differ(stack.step));
		return fmt::format("jumps {} bytes apart, not {}", stack.step, before);
	}
	case 2: {
		const int before = std::exchange(stack.chain, differ(stack.chain));
		return fmt::format("a jump's chain {} bytes on, not {}", stack.chain, before);
	}
	case 3:
		stack.returns.where = stack.returns.where == ND_WHERE_STACK ? ND_WHERE_AT_STACK : ND_WHERE_STACK;
		return fmt::format("jumps to be read by way {}", stack.returns.where);
	default: {
		const int before = std::exchange(stack.returns.offset, differ(stack.returns.offset));
		return fmt::format("jumps from {} on, not {}", stack.returns.offset, before);
	}
	}
}

// To an instruction nearby, anywhere, or (one in eight) some bytes further, where there may be none.
std::string Mutants::shift_site(PlannedSite &site) {
	const auto all = static_cast<int64_t>(code_.all().size());
	const auto here = static_cast<int64_t>(code_.index_of(*code_.at(site.address)));
	int64_t to = here;
	switch (below(8)) {
	case 0:
		site.address += 1 + below(3);
		break;
	case 1:
	case 2:
		to = below(static_cast<uint32_t>(all));
		break;
	default:
		to = std::clamp<int64_t>(here + static_cast<int64_t>(below(17)) - 8, 0, all - 1);
	}
	if (to != here) site.address = code_.all()[static_cast<size_t>(to)].address;
	const std::string from = std::exchange(site.place, code_.place(site.address));
	return fmt::format("site at {}, not {}", site.place, from);
}

std::string Mutants::change_cause(PlannedSite &site) {
	const nd_u32 before = site.site.cause;
	site.site.cause = (before + 1 + below(3)) % 4;
	return fmt::format("cause {}, not {}", site.site.cause, before);
}

std::string Mutants::change_test(PlannedSite &site) {
	const nd_u32 before = site.site.test;
	site.site.test = (before + 1 + below(3)) % 4;
	return fmt::format("test {}, not {}", site.site.test, before);
}

std::string Mutants::damage(Plan &plan) {
	// What only the jump limit reaches is left as it is: no ruleset that the kernel accepts gets there, so that its
	// answers are never given.
	uint32_t which = 0;
	do
		which = below(static_cast<uint32_t>(plan.sites.size()));
	while (plan.sites[which].causes == std::vector<uint8_t>{ND_CAUSE_JUMP_LIMIT});
	PlannedSite &site = plan.sites[which];
	const auto at = [&](const std::string &what) { return fmt::format("site {}: {}", which, what); };
	switch (below(20)) {
	case 0:
		plan.sites.erase(plan.sites.begin() + which);
		return at("forgotten");
	case 1:
		return at(change_cause(site));
	case 2:
		return at(change_test(site));
	case 3:
		return at(swap_facts(site));
	case 4: {
		// Beside the true one: what passes both is seen twice.
		PlannedSite second = site;
		second.site.index = static_cast<nd_u32>(plan.sites.size());
		const std::string what = shift_site(second);
		plan.sites.push_back(second);
		return at("another " + what);
	}
	case 5:
	case 6:
	case 7:
	case 8:
		return at(shift_site(site));
	case 9:
	case 10:
	case 11:
	case 12:
		if (site.site.cause != ND_CAUSE_POLICY && site.site.stack.depth.where != ND_WHERE_NONE)
			return at(damage_jumps(site));
		[[fallthrough]];
	default:
		return at(move_fact(site));
	}
}

Mutant Mutants::next() {
	for (;;) {
		Mutant m{truth_, {}};
		m.what = damage(m.plan);
		if (below(8) == 0 && m.plan.sites.size() == truth_.sites.size()) m.what += "; " + damage(m.plan);
		// A program that is not told of a moved site would see nothing there, which the self-test cannot miss.
		jit::share_programs(m.plan.sites, *architecture_);
		bool same = m.plan.sites.size() == truth_.sites.size();
		for (size_t i = 0; same && i < m.plan.sites.size(); i++) {
			same = m.plan.sites[i].address == truth_.sites[i].address &&
			       memcmp(&m.plan.sites[i].site, &truth_.sites[i].site, sizeof(nd_site)) == 0;
		}
		if (same || m.plan.sites.empty() || std::ranges::find(made_, m.what) != made_.end()) continue;
		made_.push_back(m.what);
		return m;
	}
}

} // namespace nft_drops::guest
