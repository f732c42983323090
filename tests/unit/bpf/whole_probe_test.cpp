// SPDX-License-Identifier: GPL-2.0-only
// Resolver and probe together: the probe, specialised with the Plan, runs at the breakpoints in the fixture.
#include "native_probe.h"
#include "proof.h"

#include <gtest/gtest.h>

namespace nft_drops::jit_test {
namespace {

const NativeProbe *probe;
const Arena *arena;

void run_probe(size_t site, const PtRegs &regs) {
	probe->run(site, regs);
}

// The arena, and the stack that this very call stands on.
bool read_natively(void *to, size_t size, uint64_t from) {
	constexpr uint64_t kStack = 1 << 20;
	const auto here = reinterpret_cast<uint64_t>(__builtin_frame_address(0));
	if (!arena->holds(from, size) && from - here >= kStack) return false;
	memcpy(to, native_bytes(from), size);
	return true;
}

class WholeProbe : public testing::TestWithParam<const char *> {};

TEST_P(WholeProbe, MakesTheRightEvents) {
	const Fixture &f = fixture(GetParam());
	const jit::Layout layout = layout_of(f);
	const auto plan = jit::resolve(image_of(f), layout);
	ASSERT_TRUE(plan.has_value()) << plan.error().message();
	std::vector<nd_site> sites;
	for (const jit::PlannedSite &s : plan->sites)
		sites.push_back(s.site);

	FakeKernel kernel;
	const NativeProbe compiled(layout.probe, sites);
	Arena memory;
	probe = &compiled;
	arena = &memory;
	kernel.read_elsewhere = read_natively;
	std::mt19937_64 random(17);
	Breakpoints points(f, *plan, memory, run_probe);
	int drops = 0;
	for (int i = 0; i < 300; i++) {
		const Ruleset r = random_ruleset(random);
		const Meaning m = meaning_of(r, f.layout->jump_limit);
		memory.reset(random);
		const World w = lay_out(r, *f.layout, memory, random);
		kernel.events.clear();
		points.run(w);
		ASSERT_EQ(kernel.events.size(), m.cause == Cause::kNone ? 0U : 1U) << describe(r);
		EXPECT_FALSE(kernel.bad_call);
		if (m.cause == Cause::kNone) continue;
		drops++;
		const nd_event &e = kernel.events[0];
		const uint8_t cause = m.cause == Cause::kRule     ? ND_CAUSE_RULE
		                      : m.cause == Cause::kPolicy ? ND_CAUSE_POLICY
		                                                  : ND_CAUSE_JUMP_LIMIT;
		EXPECT_EQ(e.cause, cause) << describe(r);
		const uint64_t handle =
		        m.rule < 0 ? 0 : r.chains[static_cast<size_t>(m.chain)][static_cast<size_t>(m.rule)].handle;
		EXPECT_EQ(e.rule_handle, handle) << describe(r);
	}
	EXPECT_GT(drops, 50);
	EXPECT_EQ(kernel.here.counts[ND_COUNT_DROPS], static_cast<uint64_t>(drops));
	EXPECT_EQ(kernel.here.counts[ND_COUNT_RING_FULL], 0U);
	probe = nullptr;
	arena = nullptr;
}

std::vector<const char *> every_fourth() {
	std::vector<const char *> names;
	for (size_t i = 0; i < all_fixtures().size(); i += 4)
		names.push_back(all_fixtures()[i].name);
	return names;
}

INSTANTIATE_TEST_SUITE_P(Fixtures, WholeProbe, testing::ValuesIn(every_fourth()),
                         [](const auto &info) { return std::string(info.param).substr(sizeof("do_chain_") - 1); });

} // namespace
} // namespace nft_drops::jit_test
