// SPDX-License-Identifier: GPL-2.0-only
// monitor where there are 100,000 rules. Takes minutes where machines are emulated: tests/vm runs it with
// NFT_DROPS_FULL only.
#include "nft-ext/demo/demo_network.h"
#include "running.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <functional>
#include <thread>

namespace nft_drops::guest {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
	return std::chrono::duration<double>(Clock::now() - begin).count();
}

bool wait_for(const std::function<bool()> &what) {
	for (const auto end = Clock::now() + 300s; Clock::now() < end; std::this_thread::sleep_for(1ms))
		if (what()) return true;
	return false;
}

TEST(ManyRules, ReadyInTheTimeOfOneListing) {
	const Leftovers before = leftovers();
	ASSERT_EQ(unshare(CLONE_NEWNET), 0);
	shell("ip link set lo up");
	constexpr int kRules = 100'000;
	std::ofstream script("/tmp/many.nft");
	script << "table inet t { chain c { type filter hook input priority 0;\n";
	for (int i = 0; i < kRules; i++)
		script << "ip saddr 10." << i / 65536 << "." << i / 256 % 256 << "." << i % 256 << " tcp dport "
		       << i % 65535 + 1 << " drop\n";
	script << "udp dport 7001 drop\n}\n}\n";
	script.close();
	shell("nft -f /tmp/many.nft");
	shell("nft -a list ruleset >/dev/null"); // warm, for both
	auto begin = Clock::now();
	shell("nft -a list ruleset >/dev/null");
	const double listing = seconds_since(begin);

	begin = Clock::now();
	Running monitor({nft_drops(), "monitor", "--format", "line"});
	ASSERT_TRUE(wait_for([&] { return monitor.err().find("nft-drops: monitoring") != std::string::npos; }));
	const double ready = seconds_since(begin);
	EXPECT_LE(ready, 1.5 * listing);

	// While rules are added, drops by those that are there already keep coming.
	double slowest = 0, slowest_new = 0;
	const auto shown = [&](uint16_t port) {
		const auto sent = Clock::now();
		EXPECT_TRUE(cli::DemoNetwork::over_loopback(port));
		const std::string words = "\"udp dport " + std::to_string(port) + " drop\"";
		const size_t had = lines_of(monitor.out()).size();
		EXPECT_TRUE(wait_for([&] { return lines_of(monitor.out()).size() > had; }));
		EXPECT_NE(lines_of(monitor.out()).back().find(words), std::string::npos) << monitor.out();
		return seconds_since(sent);
	};
	for (uint16_t port = 7002; port < 7012; port++) {
		shell("nft add rule inet t c udp dport " + std::to_string(port) + " drop");
		slowest = std::max(slowest, shown(7001));
		slowest_new = std::max(slowest_new, shown(port));
	}
	printf("%d rules: listed in %.2f s, monitor ready after %.2f s (%.2f); after one more rule a drop by an old "
	       "one "
	       "was shown within %.3f s, by the new one within %.3f s\n",
	       kRules, listing, ready, ready / listing, slowest, slowest_new);
	// One more rule does not mean that all are read again.
	EXPECT_LT(slowest_new, listing / 4);
	EXPECT_EQ(monitor.finish(SIGINT).status, 0);
	EXPECT_TRUE(become(before));
}

} // namespace
} // namespace nft_drops::guest
