// SPDX-License-Identifier: GPL-2.0-only
// What a captured packet costs, beside what others do for a capture of dropped packets: a rule with `log group N`, and
// tcpdump on nflog:N.
#include "tests/guest/running.h"
#include "watcher.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace nft_drops::bench {
namespace {

using guest::shell;

constexpr size_t kLarge = 1472; // a frame of 1,514 bytes
constexpr const char *kFile = "/root/capture";

size_t packets_in_file() {
	return std::strtoull(shell("tcpdump -Z root -n -r " + std::string(kFile) + " 2>/dev/null | wc -l").c_str(),
	                     nullptr, 10);
}

Watcher capturing(std::string name, std::vector<std::string> command, bool attaches) {
	return {.name = std::move(name),
	        .command = std::move(command),
	        .shows = "",
	        .packets = 2000,
	        .attaches = attaches,
	        .bytes = kLarge,
	        .shown = packets_in_file};
}

void change_rule(const std::string &to) {
	shell("nft replace rule inet bench input handle $(nft -a list ruleset | sed -n 's/.*dport 10000 .*handle "
	      "//p') " +
	      to);
}

TEST(CaptureCost, HalfOfTcpdumpsOnLogGroups) {
	set_up();
	for (const char *snaplen : {"256", "1514"}) {
		std::vector<Cost> costs;
		costs.push_back(measure({.name = "nothing attached",
		                         .command = {},
		                         .shows = "",
		                         .packets = 2000,
		                         .attaches = false,
		                         .bytes = kLarge}));
		costs.push_back(
		        measure(capturing(std::string("monitor -w FILE --snaplen ") + snaplen,
		                          {guest::nft_drops(), "monitor", "-w", kFile, "--snaplen", snaplen}, true)));
		change_rule("udp dport 10000 log group 5 drop");
		costs.push_back(measure(
		        capturing(std::string("log group 5, tcpdump -s ") + snaplen,
		                  {"tcpdump", "-Z", "root", "-i", "nflog:5", "-s", snaplen, "-w", kFile}, false)));
		change_rule("udp dport 10000 drop");
		printf("\n%s\n", table(costs).c_str());
		const Cost &nothing = costs[0], &ours = costs[1], &tcpdumps = costs[2];
		EXPECT_EQ(ours.shown, ours.sent);
		EXPECT_GT(tcpdumps.shown, tcpdumps.sent * 9 / 10) << "else it did not do the same work";
		EXPECT_LE(ours.dropped - nothing.dropped, (tcpdumps.dropped - nothing.dropped) / 2) << snaplen;
	}
}

} // namespace
} // namespace nft_drops::bench
