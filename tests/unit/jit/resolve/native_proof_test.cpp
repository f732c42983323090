// SPDX-License-Identifier: GPL-2.0-only
// The resolver's Plans against reality: each build of do_chain.c is resolved like a kernel's nft_do_chain, and then run
// on this machine's processor with breakpoints at the Plan's sites.
#include "jit/explain/explain.h"
#include "proof.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace nft_drops::jit_test {
namespace {

constexpr unsigned kSeed = 20;
constexpr int kRulesets = 250;

class NativeProof : public testing::TestWithParam<const char *> {
protected:
	const Fixture &f = fixture(GetParam());

	static void expect_proven(const Fixture &f, const jit::Plan &plan, uint32_t keys) {
		const Proof proof = prove(f, plan, kSeed + keys, kRulesets, keys);
		EXPECT_EQ(proof.foreign, 0) << "the fixture itself is wrong: " << proof.first_foreign;
		EXPECT_EQ(proof.wrong, 0) << proof.first_wrong;
		// That something was proven.
		EXPECT_GE(proof.by_rule, 25);
		EXPECT_GE(proof.by_policy, 25);
		EXPECT_GE(proof.by_jump_limit, 5);
		EXPECT_GE(proof.not_dropped, 25);
	}
};

class StaticKeys : public NativeProof {}; // of those that have any

std::string sites_of(const jit::Plan &plan) {
	std::string text;
	for (const jit::PlannedSite &s : plan.sites) {
		text += s.place + " rule in " + jit::describe(s.site.rule, jit::Machine::kX86_64) + " test " +
		        std::to_string(s.site.test) + " cause " + std::to_string(s.site.cause) + "\n";
		for (const std::string &l : s.listing)
			text += "  " + l + "\n";
	}
	return text;
}

TEST_P(NativeProof, EachDropIsSeenOnce) {
	const auto plan = jit::resolve(image_of(f), layout_of(f));
	ASSERT_TRUE(plan.has_value()) << plan.error().message();
	SCOPED_TRACE(sites_of(*plan));
	EXPECT_EQ(plan->jump_limit, static_cast<int>(f.layout->jump_limit));
	EXPECT_EQ(plan->freed_inside, f.layout->freed_inside != 0);
	EXPECT_FALSE(plan->sites.empty());
	expect_proven(f, *plan, 0);
	// Tracing and chain statistics may be switched on while the probe is attached.
	for (uint32_t keys = 1; f.layout->has_static_keys && keys < 4; keys++)
		expect_proven(f, *plan, keys);
}

// They may be on when the function is looked at.
TEST_P(StaticKeys, MayBeOn) {
	switch_static_keys(3);
	const jit::Image image = image_of(f);
	switch_static_keys(0);
	const auto plan = jit::resolve(image, layout_of(f));
	ASSERT_TRUE(plan.has_value()) << plan.error().message();
	SCOPED_TRACE(sites_of(*plan));
	for (uint32_t keys = 0; keys < 4; keys++)
		expect_proven(f, *plan, keys);
}

// Where the kernel's jump labels cannot be read, what is behind them stays unexamined, but for what can be seen the
// Plan must hold, and no nop may be probed.
TEST_P(StaticKeys, JumpLabelsMayBeUnknown) {
	jit::Image image = image_of(f);
	const std::vector<jit::JumpLabel> labels = std::move(image.labels);
	image.labels.clear();
	image.labels_known = false;
	const auto plan = jit::resolve(image, layout_of(f));
	ASSERT_TRUE(plan.has_value()) << plan.error().message();
	SCOPED_TRACE(sites_of(*plan));
	for (const jit::PlannedSite &s : plan->sites) {
		for (const jit::JumpLabel &l : labels)
			EXPECT_NE(s.address, l.code);
	}
	expect_proven(f, *plan, 0);
}

// A site said to take a jump in place of a breakpoint has five bytes that nothing else comes into.
TEST_P(NativeProof, NothingJumpsBehindAJump) {
	constexpr uint64_t kJumpBytes = 5;
	const jit::Image image = image_of(f);
	const auto plan = jit::resolve(image, layout_of(f));
	ASSERT_TRUE(plan.has_value()) << plan.error().message();
	std::mt19937_64 random(kSeed);
	Arena arena;
	int seen = 0;
	for (int i = 0; i < 8; i++) {
		const Ruleset r = random_ruleset(random);
		arena.reset(random);
		const std::vector<uint64_t> steps = trace(f, image, lay_out(r, *f.layout, arena, random));
		for (size_t n = 1; n < steps.size(); n++) {
			for (const jit::PlannedSite &s : plan->sites) {
				const uint64_t site = to_native(s.address);
				seen += s.jump && steps[n] == site;
				if (!s.jump || steps[n] <= site || steps[n] >= site + kJumpBytes) continue;
				EXPECT_GE(steps[n - 1], site) << s.place;
				EXPECT_LT(steps[n - 1], steps[n]) << s.place;
			}
		}
	}
	if (std::ranges::none_of(plan->sites, &jit::PlannedSite::jump)) GTEST_SKIP() << "no site can become a jump";
	EXPECT_GT(seen, 0);
}

std::vector<const char *> names(bool with_static_keys) {
	std::vector<const char *> all;
	for (const Fixture &f : all_fixtures()) {
		if (!with_static_keys || f.layout->has_static_keys) all.push_back(f.name);
	}
	return all;
}

std::string short_name(const testing::TestParamInfo<const char *> &info) {
	return std::string(info.param).substr(sizeof("do_chain_") - 1);
}

INSTANTIATE_TEST_SUITE_P(Fixtures, NativeProof, testing::ValuesIn(names(false)), short_name);
INSTANTIATE_TEST_SUITE_P(Fixtures, StaticKeys, testing::ValuesIn(names(true)), short_name);

} // namespace
} // namespace nft_drops::jit_test
