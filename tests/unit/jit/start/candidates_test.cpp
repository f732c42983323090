// SPDX-License-Identifier: GPL-2.0-only
#include "fixtures.h"
#include "jit/start/candidates.h"
#include "jit/start/start.h"

#include <gtest/gtest.h>
#include <set>

namespace nft_drops::jit_test {
namespace {

const Fixture &any() {
	return all_fixtures().front();
}

jit::Kernel kernel_of(const Fixture &f, std::vector<jit::Layout> layouts) {
	jit::Kernel kernel;
	kernel.image = image_of(f);
	kernel.set_layouts(layouts);
	return kernel;
}

// A layout that the code cannot have.
jit::Layout wrong(const Fixture &f) {
	jit::Layout layout = layout_of(f);
	layout.ruleset.expr_ops.offset = static_cast<nd_u16>(layout.ruleset.expr_ops.offset + 8);
	return layout;
}

jit::Layout with_direct_loads(jit::Layout layout) {
	layout.probe.cast = {.function = 1, .type = 2, .offset = 3, .size = 64};
	return layout;
}

TEST(FindCandidates, OnlyLayoutsThatTheCodeAllows) {
	const auto found = jit::find_candidates(kernel_of(any(), {wrong(any()), layout_of(any())}));
	ASSERT_TRUE(found.has_value()) << found.error().message();
	ASSERT_EQ(found->size(), 1U);
	EXPECT_EQ(found->front().layout.ruleset.expr_ops.offset, layout_of(any()).ruleset.expr_ops.offset);
	EXPECT_FALSE(found->front().plan.sites.empty());
	EXPECT_EQ(jit::layouts_of(*found), 1U);
}

TEST(FindCandidates, OfThoseThatMakeTheSameProbeTheFirst) {
	const auto found = jit::find_candidates(kernel_of(any(), {layout_of(any()), layout_of(any())}));
	ASSERT_TRUE(found.has_value());
	EXPECT_EQ(found->size(), 1U);
}

TEST(FindCandidates, FailsAsTheLikeliestDoes) {
	const auto alone = jit::find_candidates(kernel_of(any(), {wrong(any())}));
	const auto found = jit::find_candidates(kernel_of(any(), {wrong(any()), wrong(any())}));
	ASSERT_FALSE(alone.has_value());
	ASSERT_FALSE(found.has_value());
	EXPECT_EQ(found.error().message(), alone.error().message());
	EXPECT_EQ(found.error().blame, Blame::kMachine);
}

TEST(FindCandidates, DirectLoadsAreLeftOutInTheEnd) {
	const auto found = jit::find_candidates(kernel_of(any(), {with_direct_loads(layout_of(any()))}));
	ASSERT_TRUE(found.has_value());
	ASSERT_EQ(found->size(), 2U);
	EXPECT_NE((*found)[0].layout.probe.cast.function, 0U);
	EXPECT_FALSE((*found)[0].without_direct_loads);
	EXPECT_EQ((*found)[1].layout.probe.cast.function, 0U);
	EXPECT_TRUE((*found)[1].without_direct_loads);
	EXPECT_EQ(jit::layouts_of(*found), 1U);
}

TEST(FirstThatWorks, StopsAtTheFirst) {
	const std::vector<jit::Candidate> three(3);
	std::vector<size_t> tried;
	const auto works = jit::first_that_works(three, [&](const jit::Candidate &c) -> Result<void> {
		tried.push_back(static_cast<size_t>(&c - three.data()));
		if (tried.back() < 1) return usage_error("first", "no");
		return {};
	});
	EXPECT_EQ(works.value(), 1U);
	EXPECT_EQ(tried, (std::vector<size_t>{0, 1}));
}

TEST(FirstThatWorks, FailsAsTheFirstDid) {
	const std::vector<jit::Candidate> three(3);
	int n = 0;
	const auto works = jit::first_that_works(three, [&](const jit::Candidate &) -> Result<void> {
		return unsupported("attempt " + std::to_string(n++), "no");
	});
	ASSERT_FALSE(works.has_value());
	EXPECT_EQ(n, 3);
	EXPECT_EQ(works.error().what, "attempt 0");
}

// What `check` prints: users and scripts know these names.
TEST(Start, ItsSteps) {
	const std::vector<std::string_view> expected = {
	        "lockdown",    "nf_tables",         "kernel memory", "types",    "nft_do_chain", "Plan",
	        "ring buffer", "network namespace", "probe",         "attached", "self-test"};
	EXPECT_EQ(jit::Start::steps(), expected);
}

} // namespace
} // namespace nft_drops::jit_test
