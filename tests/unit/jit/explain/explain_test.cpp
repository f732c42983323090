// SPDX-License-Identifier: GPL-2.0-only
#include "jit/explain/bpftrace.h"
#include "jit/explain/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nft_drops::jit_test {
namespace {

using testing::HasSubstr;
using testing::Not;

// Offsets in struct pt_regs of x86-64: r13 16, rbx 40.
constexpr nd_locator kR13{ND_WHERE_REGISTER, 16};
constexpr nd_locator kRbx{ND_WHERE_REGISTER, 40};
constexpr nd_locator kSlot{ND_WHERE_STACK, 0x48};

jit::Kernel some_kernel() {
	jit::Kernel kernel;
	kernel.release = "6.1.0-test";
	kernel.core_build_id = "c0ffee";
	kernel.nft_build_id = "feed";
	kernel.module = true;
	kernel.image.ranges = {{"nft_do_chain", 0xffffffffc0000140, std::vector<uint8_t>(1495)}};
	kernel.layout.probe.pkt_skb = {.offset = 0, .size = 8, .shift = 0, .bits = 0, .pad = {}};
	kernel.layout.probe.rule_handle = {.offset = 0, .size = 8, .shift = 13, .bits = 42, .pad = {}};
	return kernel;
}

jit::Plan some_plan() {
	jit::Plan plan;
	plan.paths = 12;
	plan.drop_paths = 7;
	plan.instructions = 345;
	plan.static_keys = 2;
	plan.jump_limit = 16;
	jit::PlannedSite site;
	site.address = 0xffffffffc00005b1;
	site.place = "nft_do_chain+0x471";
	site.causes = {ND_CAUSE_RULE};
	site.drops_only = true;
	site.jump = true;
	site.site.cause = ND_CAUSE_RULE;
	site.site.pkt = kR13;
	site.site.rule = kRbx;
	site.site.base = kSlot;
	site.site.stack_pointer = 152;
	site.listing = {"=> nft_do_chain+0x471: callq 0xffffffffc0001234"};
	plan.sites = {site};
	return plan;
}

TEST(Explain, NamesEveryFact) {
	const std::string text = jit::explain(some_plan(), some_kernel());
	for (const char *fact : {"kernel 6.1.0-test", "build-id vmlinux c0ffee, nf_tables feed",
	                         "code nft_do_chain at 0xffffffffc0000140, 1495 bytes",
	                         "examined 345 instructions, 12 paths (7 end in a drop), 2 static keys, jump limit 16",
	                         "site 0: nft_do_chain+0x471 (0xffffffffc00005b1)", "sees     drop by a rule",
	                         "only dropped packets come here", "packet   register r13", "rule     register rbx",
	                         "chain    stack slot sp+0x48", "can become a jump", "=> nft_do_chain+0x471: callq"})
		EXPECT_THAT(text, HasSubstr(fact));
}

TEST(Explain, WhatTheProbeIsNow) {
	jit::ProbeForms forms = {jit::ProbeForm::kJump};
	EXPECT_THAT(jit::explain(some_plan(), some_kernel(), forms), HasSubstr("the one here now is a jump"));
	EXPECT_THAT(jit::explain(some_plan(), some_kernel()), Not(HasSubstr("the one here now")));
}

TEST(Explain, Locators) {
	constexpr auto kMachine = jit::Machine::kX86_64;
	EXPECT_EQ(jit::describe(kR13, kMachine), "register r13");
	EXPECT_EQ(jit::describe(kSlot, kMachine), "stack slot sp+0x48");
	EXPECT_EQ(jit::describe({ND_WHERE_AT_REGISTER, 40}, kMachine), "where register rbx points");
	EXPECT_EQ(jit::describe({ND_WHERE_NONE, 0}, kMachine), "nowhere");
}

TEST(WithoutKernelAddresses, LeavesNoneAndAllElse) {
	EXPECT_EQ(jit::without_kernel_addresses("code at 0xffffffffc0000140, 1495 bytes"),
	          "code at 0x(kernel), 1495 bytes");
	EXPECT_EQ(jit::without_kernel_addresses("0xffff888120000000"), "0x(kernel)");
	EXPECT_EQ(jit::without_kernel_addresses("+0x471 0xffff 0xffffffff"), "+0x471 0xffff 0xffffffff");
	EXPECT_EQ(jit::without_kernel_addresses(""), "");
	const std::string text = jit::without_kernel_addresses(jit::explain(some_plan(), some_kernel()));
	EXPECT_THAT(text, Not(HasSubstr("ffffc000")));
	EXPECT_THAT(text, HasSubstr("nft_do_chain+0x471"));
}

TEST(BpftraceScript, ProbesThePlansSites) {
	const auto script = jit::bpftrace_script(some_plan(), some_kernel());
	ASSERT_TRUE(script.has_value()) << script.error().message();
	EXPECT_TRUE(script->starts_with("#!/usr/bin/env bpftrace\n"));
	EXPECT_THAT(*script, HasSubstr("\nkprobe:nft_do_chain+0x471\n{\n"));
	EXPECT_THAT(*script, HasSubstr("$pkt = reg(\"r13\");"));
	EXPECT_THAT(*script, HasSubstr("$rule = reg(\"bx\");"));
	EXPECT_THAT(*script, HasSubstr("$base = *(uint64*)(reg(\"sp\") + 72);"));
	// The handle: bits 13 to 54 of the rule's first eight bytes.
	EXPECT_THAT(*script, HasSubstr("((*(uint64*)$rule) >> 13) & 0x3ffffffffff"));
	EXPECT_THAT(*script, HasSubstr("// kernel 6.1.0-test"));
	EXPECT_THAT(*script, Not(HasSubstr("$verdict"))) << "only dropped packets come here";
}

TEST(BpftraceScript, TestsTheVerdictWhereOthersComeToo) {
	jit::Plan plan = some_plan();
	plan.sites[0].drops_only = false;
	plan.sites[0].site.test = ND_TEST_VERDICT;
	plan.sites[0].site.verdict = {ND_WHERE_REGISTER, 96}; // rdx
	const auto script = jit::bpftrace_script(plan, some_kernel());
	ASSERT_TRUE(script.has_value());
	EXPECT_THAT(*script, HasSubstr("$verdict = reg(\"dx\") & 0xffffffff;"));
	EXPECT_THAT(*script, HasSubstr("if (($verdict & 0xff) == 0) {"));
}

TEST(BpftraceScript, NoneForAPartOfTheFunction) {
	jit::Plan plan = some_plan();
	plan.sites[0].place = "nft_do_chain.cold+0x1f";
	const auto script = jit::bpftrace_script(plan, some_kernel());
	ASSERT_FALSE(script.has_value());
	EXPECT_EQ(script.error().blame, Blame::kMachine);
	EXPECT_THAT(script.error().message(), HasSubstr("nft_do_chain.cold+0x1f"));
}

} // namespace
} // namespace nft_drops::jit_test
