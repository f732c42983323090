// SPDX-License-Identifier: GPL-2.0-only
// Options of monitor together. Each option adds code to the probe; the kernel allows a program and its subprograms 512
// bytes of stack and eight calls. The truth is one packet that each of these monitors has to show.
#include "abilities.h"
#include "running.h"
#include "topology.h"

#include <gtest/gtest.h>

#include <csignal>

namespace nft_drops::guest {
namespace {

using Words = std::vector<std::string>;

// Matches whose subprograms call the deepest, and whose own frames are the largest.
const std::vector<Words> kMatches = {
        {"udp", "dport", "7000"},
        {"udp", "dport", "{", "6000-7000,", "7777", "}", "ip", "saddr", ".", "udp", "dport", "{", "10.1.0.0-10.1.0.255",
         ".", "7000-7100", "}"},
        {"tcp", "option", "maxseg", "size", "!=", "1-100", "tcp", "option", "sack", "exists"},
        {"exthdr", "frag", "exists", "ip6", "saddr", ".", "ip6", "daddr", "{", "fe80::-fe80::ff", ".", "::1", "}"},
        {"ct", "state", "new,untracked", "vlan", "id", "5", "meta", "mark", "1-7"},
};

TEST(Combinations, EveryMatchBesideEveryOption) {
	Topology net;
	shell("nft add table inet t; nft add chain inet t c; nft add chain inet t i '{ type filter hook input priority "
	      "0; }'; "
	      "nft add rule inet t i jump c; nft add rule inet t c udp dport 7000 drop");
	const std::vector<Words> options = {
	        {"--path"},
	        {"-w", "/tmp/both.pcapng", "--format", "line"},
	        {"--path", "--pcap", "udp or tcp", "-w", "/tmp/both.pcapng", "--format", "line"},
	};
	for (const Words &option : options) {
		for (const Words &match : kMatches) {
			Words all = {"chain", "inet", "t", "c"};
			all.insert(all.end(), match.begin(), match.end());
			all.insert(all.end(), option.begin(), option.end());
			SCOPED_TRACE(testing::PrintToString(all));
			Monitor monitor(all);
			const bool wanted = &match == &kMatches[0] || &match == &kMatches[1];
			net.udp("left", "10.1.0.1", 7000);
			if (wanted) {
				EXPECT_TRUE(monitor.wait_for_lines(1, "dport 7000 drop"));
			}
			const Finished end = monitor.finish(SIGTERM);
			EXPECT_EQ(end.status, 0);
			EXPECT_NE(end.err.find(wanted ? "1 drops (1 by rule" : "0 drops"), std::string::npos)
			        << end.err;
		}
	}
}

// The verifier looks at a million instructions at most, and once for each size of a capture's place at what follows.
TEST(Combinations, TheLargestSnapLengthBesideEverything) {
	Topology net;
	shell("nft add table inet t; nft add chain inet t i '{ type filter hook input priority 0; }'; nft add rule "
	      "inet t i udp dport 7000 drop");
	for (const bool everything : {false, true}) {
		for (const Words &match :
		     {Words{"udp", "dport", "7000"},
		      {"hbh", "nexthdr", "6", "frag", "id", "5", "tcp", "option", "maxseg", "size", "1-536"}}) {
			Words all = match;
			for (const char *word : {"-w", "/tmp/large.pcapng", "--snaplen", "262144", "--format", "line"})
				all.emplace_back(word);
			if (everything) all.insert(all.end(), {"--details", "--path"});
			if (everything && tells_netfilter_drops()) all.emplace_back("--audit");
			SCOPED_TRACE(testing::PrintToString(all));
			Monitor monitor(all);
			const bool wanted = match.front() == "udp";
			net.udp("left", "10.1.0.1", 7000);
			if (wanted) {
				EXPECT_TRUE(monitor.wait_for_lines(1, "dport 7000 drop")) << monitor.err();
			}
			const Finished end = monitor.finish(SIGTERM);
			EXPECT_EQ(end.status, 0);
			EXPECT_NE(end.err.find(wanted ? "(1 by rule" : "(0 by rule"), std::string::npos) << end.err;
		}
	}
}

} // namespace
} // namespace nft_drops::guest
