// SPDX-License-Identifier: GPL-2.0-only
// How many instructions the processes of `top` and of `monitor` run for the same drops. The kernel sums drops up for
// `top`.
#include "tasks.h"
#include "tests/guest/running.h"
#include "watcher.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <csignal>
#include <string>
#include <thread>
#include <unistd.h>

namespace nft_drops::bench {
namespace {

using namespace std::chrono_literals;
using guest::Running;

constexpr int kDrops = 100'000;
constexpr uint16_t kFirst = 20'000, kFlows = 2'000;

void send() {
	const int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	for (int i = 0; i < kDrops; i++) {
		sockaddr_in to{};
		to.sin_family = AF_INET;
		to.sin_port = htons(static_cast<uint16_t>(kFirst + i % kFlows));
		to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		ASSERT_EQ(sendto(s, "x", 1, 0, reinterpret_cast<const sockaddr *>(&to), sizeof(to)), 1);
	}
	close(s);
}

// Instructions for each drop.
double of_processes(std::vector<std::string> command, const std::string &ready) {
	command.insert(command.begin(), guest::nft_drops());
	Running program(command);
	EXPECT_TRUE(program.wait_for(ready)) << program.err();
	std::this_thread::sleep_for(5s);
	const int64_t before = tasks_ran("nft-drops");
	send();
	std::this_thread::sleep_for(5s);
	const int64_t ran = tasks_ran("nft-drops") - before;
	const guest::Finished ended = program.finish(SIGINT);
	EXPECT_NE(ended.err.find("100000 drops"), std::string::npos) << ended.err;
	EXPECT_NE(ended.err.find(", 0 lost"), std::string::npos) << ended.err;
	return static_cast<double>(ran) / kDrops;
}

TEST(TopCost, ATenthOfMonitors) {
	set_up("udp dport 20000-29999 drop");
	const double monitor = of_processes({"monitor"}, "nft-drops: monitoring");
	const double top = of_processes({"top", "--batch"}, "nft-drops: watching");
	tell(fmt::format(
	        "The processes alone, for each of {} drops of {} flows: monitor {:.0f} instructions, top {:.0f}\n",
	        kDrops, kFlows, monitor, top));
	EXPECT_GT(top, 0);
	EXPECT_LE(top, monitor / 10);
}

} // namespace
} // namespace nft_drops::bench
