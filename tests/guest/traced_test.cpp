// SPDX-License-Identifier: GPL-2.0-only
// Others look at nft_do_chain, too: its code then is not what the compiler made.
#include "running.h"

#include <gtest/gtest.h>

namespace nft_drops::guest {
namespace {

// The whole road with its self-test; not the Plan of an earlier start.
void expect_that_it_can_run() {
	shell("rm -rf /run/nft-drops");
	const Finished f = run({nft_drops(), "check"});
	EXPECT_EQ(f.status, 0) << f.out << f.err;
}

TEST(Traced, ByFtrace) {
	shell("nft list ruleset"); // loads the module
	write_tracing("set_ftrace_filter", "nft_do_chain\n");
	write_tracing("current_tracer", "function\n");
	expect_that_it_can_run();
	write_tracing("current_tracer", "nop\n");
	write_tracing("set_ftrace_filter", "!nft_do_chain\n");
}

TEST(Traced, ByKprobesAtItsEntryAndWithin) {
	shell("nft list ruleset");
	const Finished plan = run({nft_drops(), "probe"});
	ASSERT_EQ(plan.status, 0) << plan.err;
	const size_t at = plan.out.find("nft_do_chain+0x");
	ASSERT_NE(at, std::string::npos) << plan.out;
	const std::string site = plan.out.substr(at, plan.out.find_first_of(" \n", at) - at);
	write_tracing("kprobe_events", "p:nd_test/entry nft_do_chain\n");
	write_tracing("kprobe_events", "p:nd_test/within " + site + "\n");
	write_tracing("events/nd_test/enable", "1\n");
	expect_that_it_can_run();
	write_tracing("events/nd_test/enable", "0\n");
	write_tracing("kprobe_events", "-:nd_test/entry\n");
	write_tracing("kprobe_events", "-:nd_test/within\n");
}

} // namespace
} // namespace nft_drops::guest
