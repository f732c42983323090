// SPDX-License-Identifier: GPL-2.0-only
// What an accepted and a dropped packet cost with nothing attached, with nft-drops, with the article's bpftrace script
// with `nft monitor trace` and with counts alone: side by side, in one machine (run-vm --icount). Each program writes
// to a file.
//
// An instruction has one price here. On hardware a breakpoint costs as much as 1,000 to 3,000 instructions and a probe
// that became a jump about 150, so which of the two it is stands in the table too.
#include "tests/guest/article.h"
#include "tests/guest/running.h"
#include "watcher.h"

#include <gtest/gtest.h>

namespace nft_drops::bench {
namespace {

using guest::shell;

TEST(Cost, OfAPacket) {
	set_up();
	const std::vector<Watcher> watchers = {
	        {.name = "nothing attached", .command = {}, .shows = "", .attaches = false},
	        {.name = "nft-drops monitor", .command = {guest::nft_drops(), "monitor"}, .shows = "\t\t# "},
	        {.name = "the article's bpftrace script",
	         .command = {"bpftrace", "-e", guest::article_script()},
	         .shows = "dropped by rule"},
	        {.name = "nft monitor trace",
	         .command = {"nft", "monitor", "trace"},
	         .shows = "(verdict drop)",
	         .packets = 150,
	         .attaches = false},
	        {.name = "nft-drops count",
	         .command = {guest::nft_drops(), "count", "start"},
	         .shows = "# dropped packets ",
	         .lasts = true}};
	std::vector<Cost> costs;
	for (const Watcher &watcher : watchers) {
		// What it sees is what this mark is on; a packet without it is not traced.
		const bool traces = watcher.name.ends_with("trace");
		if (traces) shell("nft insert rule inet bench input meta nftrace set 1");
		costs.push_back(measure(watcher));
		if (traces)
			shell("nft delete rule inet bench input handle $(nft -a list ruleset | sed -n "
			      "'s/.*nftrace.*handle //p')");
	}
	tell(table(costs));

	const Cost &nothing = costs[0], &ours = costs[1], &bpftrace = costs[2], &counted = costs[4];
	const std::string probe = guest::run({guest::nft_drops(), "probe"}).out;
	EXPECT_EQ(ours.shown, ours.sent);
	EXPECT_LE(ours.dropped - nothing.dropped, (bpftrace.dropped - nothing.dropped) / 4);
	constexpr double kNoise = 10; // instructions, from run to run
	for (const Cost *cost : {&ours, &counted}) {
		if (occurrences(probe, "only dropped packets come here") == occurrences(probe, "\nsite "))
			EXPECT_LE(cost->accepted - nothing.accepted, kNoise) << cost->name;
		else
			EXPECT_LE(cost->accepted, bpftrace.accepted + kNoise) << cost->name;
	}
	EXPECT_EQ(counted.shown, counted.sent);
	// What bpftrace's `@[reg("r13")] = count()` costs there, which counts addresses.
	EXPECT_LE(counted.dropped - nothing.dropped, 690);
	size_t optimized = 0;
	for (const std::string &line : ours.probes)
		optimized += occurrences(line, "[OPTIMIZED]");
	EXPECT_EQ(optimized, occurrences(probe, "can become a jump"));
}

// The probe decides about a drop before it copies anything.
TEST(FilterCost, OfADropThatIsNotAskedFor) {
	set_up();
	const std::vector<Watcher> watchers = {
	        {.name = "nothing attached", .command = {}, .shows = "", .attaches = false},
	        {.name = "monitor tcp dport 22",
	         .command = {guest::nft_drops(), "monitor", "--format", "line", "tcp", "dport", "22"},
	         .shows = "udp dport"},
	        {.name = "monitor udp dport 22",
	         .command = {guest::nft_drops(), "monitor", "--format", "line", "udp", "dport", "22"},
	         .shows = "udp dport"}};
	std::vector<Cost> costs;
	for (const Watcher &watcher : watchers)
		costs.push_back(measure(watcher));
	tell(table(costs));
	for (const Cost &cost : costs) {
		EXPECT_EQ(cost.shown, 0U) << cost.name;
		EXPECT_LE(cost.dropped - costs[0].dropped, 550) << cost.name;
		EXPECT_LE(cost.accepted - costs[0].accepted, 10) << cost.name;
	}
}

} // namespace
} // namespace nft_drops::bench
