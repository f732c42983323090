// SPDX-License-Identifier: GPL-2.0-only
// One program for several sites (nd_site.counter_bits): each event tells of the site whose probe was hit.
#include "probe_world.h"

#include "bpf/shared/event.h"
#include "jit/machine/code.h"
#include "jit/resolve/choose.h"

#include <gtest/gtest.h>

#include <iterator>
#include <string>
#include <vector>

namespace nft_drops::jit_test {
namespace {

constexpr int kAtRip = 128;
constexpr uint64_t kLoadedAt[] = {0xffffffffc0422000, 0xffffffff9e400000, 0xffffffffc17ff000};

class SharedProgram : public testing::TestWithParam<Reads> {
protected:
	SharedProgram() {
		w.layout = made_up_layout(GetParam());
		// A rule in registers, a policy on the stack, and a rule at a place like the first one's.
		w.use_registers(0);
		w.site.index = 4;
		w.site.cause = ND_CAUSE_RULE;
		w.site.counter_bits = 0x123;
		sites.push_back(w.site);
		nd_site policy = site_on_stack();
		policy.pkt = on_stack(0x10);
		policy.base = on_stack(0x18);
		policy.index = 7;
		policy.cause = ND_CAUSE_POLICY;
		policy.counter_bits = 0x124;
		w.put(policy.pkt, w.pkt);
		w.put(policy.base, w.base);
		sites.push_back(policy);
		nd_site alike = w.site;
		alike.index = 9;
		alike.rule = in_register(kAtRbx);
		w.put(alike.rule, w.rule + 0x20);
		w.poke(w.rule + 0x20, w.layout.rule_handle, 77);
		sites.push_back(alike);
		for (nd_site &site : sites) {
			site.program_counter = kAtRip;
			site.program = 0;
		}
		sites.back().program = 1;
		w.poke(w.rule, w.layout.rule_handle, 66);
	}

	ProbeWorld w;
	std::vector<nd_site> sites;
};

TEST_P(SharedProgram, TellsTheSiteByTheProgramCounter) {
	const NativeProbe probe(w.layout, sites);
	for (const uint64_t at : kLoadedAt) {
		const auto event_at = [&](size_t site) {
			w.kernel.events.clear();
			w.reg(kAtRip) = at + sites[site].counter_bits;
			probe.run(site, w.regs);
			EXPECT_EQ(w.kernel.events.size(), 1U);
			return w.kernel.events.empty() ? nd_event{} : w.kernel.events.front();
		};
		const nd_event rule = event_at(0);
		EXPECT_EQ(rule.site, 4U);
		EXPECT_EQ(rule.cause, ND_CAUSE_RULE);
		EXPECT_EQ(rule.rule_handle, 66U);
		const nd_event policy = event_at(1);
		EXPECT_EQ(policy.site, 7U);
		EXPECT_EQ(policy.cause, ND_CAUSE_POLICY);
		EXPECT_EQ(policy.rule_handle, 0U);
		const nd_event alike = event_at(2);
		EXPECT_EQ(alike.site, 9U);
		EXPECT_EQ(alike.cause, ND_CAUSE_RULE);
		EXPECT_EQ(alike.rule_handle, 77U);
	}
}

TEST_P(SharedProgram, AHitElsewhereIsALostDrop) {
	const NativeProbe probe(w.layout, sites);
	const uint64_t elsewhere[] = {0x122, 0x125, 0xfff, 0};
	for (const uint64_t bits : elsewhere) {
		w.reg(kAtRip) = kLoadedAt[0] + bits;
		EXPECT_EQ(probe.run(0, w.regs), 0);
	}
	EXPECT_TRUE(w.kernel.events.empty());
	EXPECT_EQ(w.kernel.here.counts[ND_COUNT_DROPS], std::size(elsewhere));
	EXPECT_EQ(w.kernel.here.counts[ND_COUNT_RING_FULL], std::size(elsewhere));
}

INSTANTIATE_TEST_SUITE_P(Ways, SharedProgram, testing::ValuesIn(kEveryWay),
                         [](const auto &info) { return name_of(info.param); });

TEST(SharePrograms, SitesThatLookAlikeHaveProgramsOfTheirOwn) {
	const auto arch = jit::Architecture::of(jit::Machine::kX86_64);
	ASSERT_TRUE(arch.has_value());
	std::vector<jit::PlannedSite> sites(4);
	sites[0].address = 0xffffffffc0422010;
	sites[1].address = 0xffffffffc0422033;
	sites[2].address = 0xffffffffc0455010; // in the cold part, as far in its page as the first one
	sites[3].address = 0xffffffffc0499010;
	jit::share_programs(sites, **arch);
	std::vector<uint32_t> programs;
	for (const jit::PlannedSite &s : sites) {
		programs.push_back(s.site.program);
		// kprobe_int3_handler(): the program counter is behind the breakpoint.
		EXPECT_EQ(s.site.counter_bits, (s.address + 1) & 0xfff);
		EXPECT_EQ(s.site.program_counter, 128U);
	}
	EXPECT_EQ(programs, (std::vector<uint32_t>{0, 0, 1, 2}));
}

} // namespace
} // namespace nft_drops::jit_test
