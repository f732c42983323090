// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/match/pcap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace nft_drops;

namespace {

class Pcap : public testing::Test {
protected:
	void SetUp() override {
		if (const auto simple = compile_pcap("ip"); !simple && simple.error().blame == Blame::kMachine)
			GTEST_SKIP() << simple.error().message();
	}
};

TEST_F(Pcap, WhatRawIpCanHold) {
	for (const char *expression : {"tcp port 22", "host 10.0.0.1 and not port 22", "ip6 and udp",
	                               "tcp[13] & 2 != 0", "icmp[icmptype] == icmp-echo", "net 10.0.0.0/8",
	                               "greater 100", "portrange 1-1023", "ip[0] & 0xf > 5", ""}) {
		const auto program = compile_pcap(expression);
		ASSERT_TRUE(program) << expression << ": " << program.error().message();
		EXPECT_FALSE(program->empty()) << expression;
	}
}

// libpcap's words, and ours in front.
TEST_F(Pcap, LinkLevelWordsAreRefused) {
	for (const char *expression : {"ether host 1:2:3:4:5:6", "ether src 1:2:3:4:5:6", "ether broadcast",
	                               "ether multicast", "vlan 5", "mpls 7", "pppoes", "arp host 10.0.0.1",
	                               "link[0] == 1", "ether [0] & 1 != 0", "wlan type mgt", "inbound"}) {
		const auto program = compile_pcap(expression);
		ASSERT_FALSE(program) << expression;
		EXPECT_THAT(program.error().message(), testing::StartsWith(std::string("--pcap ") + expression + ": "));
		EXPECT_EQ(program.error().blame, Blame::kUsage);
	}
	for (const char *expression : {"host", "tcp prot 22", "port 99999999", "(", "no such thing"})
		EXPECT_FALSE(compile_pcap(expression)) << expression;
}

} // namespace
