// SPDX-License-Identifier: GPL-2.0-only
// The ways through a function, and the sites that are chosen by them, on one build of do_chain.c.
#include "fixtures.h"
#include "jit/resolve/choose.h"
#include "jit/resolve/explore.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>

namespace nft_drops::jit_test {
namespace {

class Explored : public testing::TestWithParam<const char *> {
protected:
	const Fixture &f = fixture(GetParam());
	const jit::Image image = image_of(f);
	const jit::Layout layout = layout_of(f);
	const std::unique_ptr<jit::Architecture> arch = *jit::Architecture::of(image.machine);
	const jit::Code code = *jit::Code::decode(image, *arch);
	const jit::Emulator emulator{code, *arch, layout};
};

// Everything that the resolver is to know was really met.
TEST_P(Explored, EveryKindOfEnd) {
	const auto paths = jit::explore(emulator);
	ASSERT_TRUE(paths.has_value()) << paths.error().message();
	EXPECT_EQ(paths->jump_limit, static_cast<int>(f.layout->jump_limit));
	EXPECT_NE(paths->regs, 0);
	std::set<int> causes;
	std::set<const jit::Scenario *> scenarios;
	for (const jit::ExecutionPath &path : paths->all) {
		EXPECT_FALSE(path.dead_end);
		causes.insert(path.outcome.cause);
		scenarios.insert(path.way.scenario);
	}
	EXPECT_EQ(causes, (std::set<int>{0, ND_CAUSE_RULE, ND_CAUSE_POLICY, ND_CAUSE_JUMP_LIMIT}));
	EXPECT_GE(scenarios.size(), jit::standard_scenarios(paths->jump_limit).size());
}

// A setting of the keys is left out only where it would show nothing new: each place of a key was executed with the key
// as it is, and switched.
TEST_P(Explored, EveryStaticKeyBothWays) {
	const auto paths = jit::explore(emulator);
	ASSERT_TRUE(paths.has_value()) << paths.error().message();
	for (size_t key = 0; key < emulator.keys(); key++) {
		const uint32_t bit = 1U << key;
		const auto met = [&](bool switched) {
			return std::ranges::any_of(paths->all, [&](const jit::ExecutionPath &p) {
				return (p.keys_met & bit) && ((p.way.flipped_keys & bit) != 0) == switched;
			});
		};
		EXPECT_TRUE(met(false)) << key;
		EXPECT_TRUE(met(true)) << key;
	}
}

// From its decision on, a path runs as it did the first time: the same instructions, with the same contents of
// registers.
TEST_P(Explored, AgainFromTheDecision) {
	using Steps = std::vector<std::pair<uint64_t, std::vector<uint64_t>>>;
	const auto observe = [this](Steps &to) {
		return [this, &to](const jit::Moment &m) {
			std::vector<uint64_t> registers;
			for (int r = 0; r < arch->general_registers(); r++) {
				const jit::Value &v = m.state.registers[static_cast<size_t>(r)];
				registers.push_back(v.is_known() ? v.bits : static_cast<uint64_t>(v.kind));
			}
			to.emplace_back(m.instruction.address, std::move(registers));
		};
	};
	const auto paths = jit::explore(emulator);
	ASSERT_TRUE(paths.has_value()) << paths.error().message();
	size_t shorter = 0, decided = 0;
	for (const jit::ExecutionPath &path : paths->all) {
		if (!path.outcome.cause || !path.decision) continue;
		decided++;
		Steps whole, rest;
		const auto first = emulator.run(path.way, paths->jump_limit, observe(whole));
		const auto again = emulator.run_from_decision(path, paths->jump_limit, observe(rest));
		ASSERT_TRUE(first.has_value() && again.has_value());
		EXPECT_EQ(again->return_value, first->return_value);
		EXPECT_EQ(again->outcome.cause, first->outcome.cause);
		ASSERT_LE(rest.size(), whole.size());
		EXPECT_TRUE(std::ranges::equal(rest, std::span(whole).last(rest.size()))) << path.way.scenario->name;
		shorter += rest.size() < whole.size();
	}
	EXPECT_GT(decided, 50U);
	EXPECT_EQ(shorter, decided);
}

// Together the sites see each path that ends in a drop once, before the packet is freed.
TEST_P(Explored, ChosenSitesSeeEachDropOnce) {
	const auto paths = jit::explore(emulator);
	ASSERT_TRUE(paths.has_value()) << paths.error().message();
	const auto sites = jit::choose_sites(code, *arch, emulator, *paths, layout);
	ASSERT_TRUE(sites.has_value()) << sites.error().message();
	for (const jit::ExecutionPath &path : paths->all) {
		int seen = 0;
		for (const jit::PlannedSite &site : *sites) {
			const size_t i = code.index_of(*code.at(site.address));
			const bool by_verdict = site.site.test == ND_TEST_VERDICT;
			const int visits = by_verdict && path.outcome.cause == ND_CAUSE_RULE ? path.visits_with_drop[i]
			                                                                     : path.visits[i];
			if (!site.drops_only) {
				seen += path.outcome.cause && visits;
				continue;
			}
			seen += visits;
			EXPECT_FALSE(visits && path.late[i]) << site.place;
		}
		const bool only = std::ranges::all_of(*sites, &jit::PlannedSite::drops_only);
		const int drops = path.outcome.cause ? 1 : 0;
		EXPECT_GE(seen, drops) << path.way.scenario->name;
		EXPECT_TRUE(!only || seen == drops) << path.way.scenario->name;
	}
	for (size_t i = 0; i < sites->size(); i++)
		EXPECT_EQ((*sites)[i].site.index, i);
}

TEST_P(Explored, NoSiteWhereNoneIsPossible) {
	auto paths = jit::explore(emulator);
	ASSERT_TRUE(paths.has_value()) << paths.error().message();
	// As if each drop came to all instructions only after its packet was freed.
	for (jit::ExecutionPath &path : paths->all)
		path.late.assign(path.late.size(), true);
	const auto sites = jit::choose_sites(code, *arch, emulator, *paths, layout);
	ASSERT_FALSE(sites.has_value());
	EXPECT_EQ(sites.error().blame, Blame::kMachine);
}

std::vector<const char *> some() {
	std::vector<const char *> names;
	for (const Fixture &f : all_fixtures())
		if (names.size() < 8 && f.layout->has_static_keys) names.push_back(f.name);
	return names;
}

std::string short_name(const testing::TestParamInfo<const char *> &info) {
	return std::string(info.param).substr(sizeof("do_chain_") - 1);
}

INSTANTIATE_TEST_SUITE_P(Fixtures, Explored, testing::ValuesIn(some()), short_name);

} // namespace
} // namespace nft_drops::jit_test
