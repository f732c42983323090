// SPDX-License-Identifier: GPL-2.0-only
#include "watcher.h"

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
#include <memory>
#include <thread>

namespace nft_drops::bench {
namespace {

using namespace std::chrono_literals;
using guest::Running;
using guest::shell;

constexpr int kRounds = 5;
constexpr int kWarmUp = 200;

std::vector<std::string> kprobes() {
	std::ifstream list("/sys/kernel/debug/kprobes/list");
	std::vector<std::string> lines;
	for (std::string line; std::getline(list, line);)
		if (line.find("nft_do_chain") != std::string::npos) lines.push_back(line);
	return lines;
}

// Waits for the program, then for the kernel, which turns probes into jumps when it has time.
void until_watching(const Watcher &watcher) {
	for (int i = 0; watcher.attaches && i < 3000 && kprobes().empty(); i++)
		std::this_thread::sleep_for(10ms);
	EXPECT_EQ(watcher.attaches, !kprobes().empty()) << watcher.name;
	std::this_thread::sleep_for(3s);
}

} // namespace

void set_up(const std::string &dropping) {
	ASSERT_EQ(unshare(CLONE_NEWNET), 0);
	shell("ip link set lo up; nft -f - <<'END'\n"
	      "table inet bench {\n"
	      "	chain input {\n"
	      "		type filter hook input priority filter; policy accept;\n"
	      "		" +
	      dropping +
	      "\n"
	      "		udp dport 10001 accept\n"
	      "	}\n"
	      "}\n"
	      "END");
	std::this_thread::sleep_for(60s);
}

double median(std::vector<double> values) {
	std::ranges::sort(values);
	return values[values.size() / 2];
}

size_t occurrences(const std::string &text, const std::string &word) {
	size_t count = 0;
	for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1))
		count++;
	return count;
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
	Traffic dropped(kDropped, false, watcher.bytes), accepted(kAccepted, true, watcher.bytes);
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
		cost.shown = watcher.shown ? watcher.shown() : occurrences(out, watcher.shows);
	}
	for (int i = 0; i < 500 && !kprobes().empty(); i++)
		std::this_thread::sleep_for(10ms);
	return cost;
}

void change_rule(const std::string &rule) {
	shell("nft replace rule inet bench input handle $(nft -a list ruleset | sed -n 's/.*dport 10000 .*handle "
	      "//p') " +
	      rule);
}

double cost_of_shown(const Cost &cost, const Cost &nothing) {
	return (cost.dropped - nothing.dropped) * static_cast<double>(cost.sent) /
	       static_cast<double>(std::max<size_t>(cost.shown, 1));
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

void tell(const std::string &words) {
	printf("\n%s\n", words.c_str());
	std::ofstream("/root/cost.txt", std::ios::app) << words << '\n';
}

} // namespace nft_drops::bench
