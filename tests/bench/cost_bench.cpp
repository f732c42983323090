// SPDX-License-Identifier: GPL-2.0-only
// What an accepted and a dropped packet cost with nothing attached, with nft-drops, with the article's bpftrace script
// with `nft monitor trace` and with counts alone: side by side, in one machine (run-vm --icount). Each program writes
// to a file.
//
// An instruction has one price here. On hardware a breakpoint costs as much as 1,000 to 3,000 instructions and a probe
// that became a jump about 150, so which of the two it is stands in the table too.
#include "tests/guest/article.h"
#include "tests/guest/running.h"
#include "traffic.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/utsname.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <thread>

namespace nft_drops::bench {
namespace {

using namespace std::chrono_literals;
using guest::Running;
using guest::shell;

constexpr uint16_t kDropped = 10000;
constexpr uint16_t kAccepted = 10001;
constexpr int kRounds = 5;
constexpr int kWarmUp = 200;

constexpr const char *kRules = R"(table inet bench {
	chain input {
		type filter hook input priority filter; policy accept;
		udp dport 10000 drop
		udp dport 10001 accept
	}
})";

struct Watcher {
	std::string name;
	std::vector<std::string> command; // empty: nobody watches
	std::string shows;                // what its output has once for each dropped packet
	int packets = 4000;               // a round
	bool attaches = true;             // a kprobe
	bool lasts = false;               // it counts on when the program has ended, until "count stop"
};

struct Cost {
	std::string name;
	double accepted = 0;
	double dropped = 0;
	double idle = 0;  // instructions a second without any packet
	size_t shown = 0; // drops in its output
	size_t sent = 0;
	std::vector<std::string> probes; // as the kernel lists them
};

double median(std::vector<double> values) {
	std::ranges::sort(values);
	return values[values.size() / 2];
}

std::vector<std::string> kprobes() {
	std::ifstream list("/sys/kernel/debug/kprobes/list");
	std::vector<std::string> lines;
	for (std::string line; std::getline(list, line);)
		if (line.find("nft_do_chain") != std::string::npos) lines.push_back(line);
	return lines;
}

size_t occurrences(const std::string &text, const std::string &word) {
	size_t count = 0;
	for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1))
		count++;
	return count;
}

// Waits for the program, then for the kernel, which turns probes into jumps when it has time.
void until_watching(const Watcher &watcher) {
	for (int i = 0; watcher.attaches && i < 3000 && kprobes().empty(); i++)
		std::this_thread::sleep_for(10ms);
	EXPECT_EQ(watcher.attaches, !kprobes().empty()) << watcher.name;
	std::this_thread::sleep_for(3s);
}

Cost measure(const Watcher &watcher) {
	Cost cost;
	cost.name = watcher.name;
	std::unique_ptr<Running> program;
	if (!watcher.command.empty()) {
		program = std::make_unique<Running>(watcher.command);
		until_watching(watcher);
	}
	cost.probes = kprobes();
	cost.idle = idle_cost();
	Traffic dropped(kDropped, false), accepted(kAccepted, true);
	// Fills caches of all kinds; not in the figures.
	for (Traffic *traffic : {&dropped, &accepted})
		traffic->cost(kWarmUp, cost.idle);
	std::vector<double> costs[2];
	for (int i = 0; i < kRounds; i++) {
		costs[0].push_back(dropped.cost(watcher.packets, cost.idle));
		costs[1].push_back(accepted.cost(watcher.packets, cost.idle));
	}
	cost.dropped = median(costs[0]);
	cost.accepted = median(costs[1]);
	cost.sent = kWarmUp + static_cast<size_t>(kRounds) * watcher.packets;
	if (watcher.lasts) {
		const std::string listing = shell(guest::nft_drops() + " list ruleset --with-drop-counts");
		const size_t at = listing.find(watcher.shows);
		if (at != std::string::npos)
			cost.shown = std::strtoull(listing.c_str() + at + watcher.shows.size(), nullptr, 10);
		shell(guest::nft_drops() + " count stop");
	} else if (program) {
		const std::string out = program->finish(SIGINT).out;
		cost.shown = occurrences(out, watcher.shows);
	}
	for (int i = 0; i < 500 && !kprobes().empty(); i++)
		std::this_thread::sleep_for(10ms);
	return cost;
}

std::string table(const std::vector<Cost> &costs) {
	utsname name{};
	uname(&name);
	std::string out = fmt::format(
	        "Linux {}: instructions per packet (idle: a second), UDP over lo, one processor\n\n", name.release);
	out += fmt::format("{:<32}{:>9}{:>9}{:>11}{:>9}{:>9}  {}\n", "", "accepted", "more", "dropped", "more", "idle",
	                   "shown");
	for (const Cost &c : costs) {
		out += fmt::format("{:<32}{:>9.0f}{:>+9.0f}{:>11.0f}{:>+9.0f}{:>9.0f}  {}\n", c.name, c.accepted,
		                   c.accepted - costs[0].accepted, c.dropped, c.dropped - costs[0].dropped, c.idle,
		                   &c == costs.data() ? "" : fmt::format("{} of {}", c.shown, c.sent));
	}
	for (const Cost &c : costs) {
		if (!c.probes.empty()) out += fmt::format("\n{}, as the kernel lists its probes:\n", c.name);
		for (const std::string &probe : c.probes)
			out += "  " + probe + "\n";
	}
	return out;
}

TEST(Cost, OfAPacket) {
	ASSERT_EQ(unshare(CLONE_NEWNET), 0);
	shell("ip link set lo up; nft -f - <<'END'\n" + std::string(kRules) + "\nEND");
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
	// The machine was just started: what it puts off until it has time is done in this time, which costs nothing.
	std::this_thread::sleep_for(60s);
	std::vector<Cost> costs;
	for (const Watcher &watcher : watchers) {
		// What it sees is what this mark is on; a packet without it is not traced.
		const bool traces = watcher.name.ends_with("trace");
		if (traces) shell("nft insert rule inet bench input meta nftrace set 1");
		costs.push_back(measure(watcher));
		if (traces) shell("nft -f - <<'END'\nflush ruleset\n" + std::string(kRules) + "\nEND");
	}
	const std::string words = table(costs);
	printf("\n%s\n", words.c_str());
	std::ofstream("/root/cost.txt") << words;

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
	ASSERT_EQ(unshare(CLONE_NEWNET), 0);
	shell("ip link set lo up; nft -f - <<'END'\n" + std::string(kRules) + "\nEND");
	std::this_thread::sleep_for(60s); // as above
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
	const std::string words = table(costs);
	printf("\n%s\n", words.c_str());
	for (const Cost &cost : costs) {
		EXPECT_EQ(cost.shown, 0U) << cost.name;
		EXPECT_LE(cost.dropped - costs[0].dropped, 550) << cost.name;
		EXPECT_LE(cost.accepted - costs[0].accepted, 10) << cost.name;
	}
}

} // namespace
} // namespace nft_drops::bench
