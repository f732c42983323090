// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/view/top_words.h"

#include "rows.h"

#include <gtest/gtest.h>

namespace nft_drops {
namespace {

TEST(TopWords, ARuleIsTheLineOfTheListing) {
	EXPECT_EQ(rule_words(rule(7, "tcp dport 22 drop")), "inet filter input tcp dport 22 drop # handle 7");
}

TEST(TopWords, APolicyHasNoHandle) {
	CulpritWords policy = rule(0, "type filter hook input priority filter; policy drop;");
	policy.cause = ND_CAUSE_POLICY;
	EXPECT_EQ(rule_words(policy), "inet filter input type filter hook input priority filter; policy drop;");
}

TEST(TopWords, WithoutATextTheHandleIsShownAlone) {
	EXPECT_EQ(rule_words(rule(7, "")), "inet filter input # text unknown # handle 7");
}

TEST(TopWords, AnotherNamespaceIsNamed) {
	CulpritWords c = rule(7, "drop");
	c.netns_name = "red";
	EXPECT_EQ(rule_words(c), "inet filter input drop # handle 7 # netns \"red\"");
}

TEST(TopWords, OneRuleIsOneLine) {
	EXPECT_EQ(text_words(rule(7, "tcp dport 22 jump {\n\t\t\tdrop\n\t\t}")),
	          "tcp dport 22 jump { drop } # handle 7");
	// A line that a comment fakes.
	EXPECT_EQ(text_words(rule(7, "drop comment \"a\nb\033[2J\"")), "drop comment \"a\\nb\\x1b[2J\" # handle 7");
	CulpritWords hostile = rule(7, "drop");
	hostile.table = "a b\n";
	EXPECT_EQ(place_words(hostile), "inet a\\x20b\\n input");
}

TEST(TopWords, Ports) {
	EXPECT_EQ(port_words(udp(1, 53)), "udp 53");
	FlowWords flow = udp(1, 8 << 8);
	flow.protocol = 1;
	EXPECT_EQ(port_words(flow), "icmp echo-request");
	flow.port = 3 << 8 | 1;
	EXPECT_EQ(port_words(flow), "icmp destination-unreachable host-unreachable");
	flow.kind = ND_FLOW_IP;
	flow.protocol = 17; // a later fragment
	EXPECT_EQ(port_words(flow), "udp");
	flow.protocol = 253;
	EXPECT_EQ(port_words(flow), "253");
	flow.kind = ND_FLOW_ARP | ND_FLOW_PORT;
	flow.port = 1;
	EXPECT_EQ(port_words(flow), "arp request");
	flow.kind = ND_FLOW_OTHER;
	flow.port = 0x88b5;
	EXPECT_EQ(port_words(flow), "0x88b5");
}

TEST(TopWords, Figures) {
	EXPECT_EQ(rate_words(0), "0");
	EXPECT_EQ(rate_words(0.96), "1.0");
	EXPECT_EQ(rate_words(99.94), "99.9");
	EXPECT_EQ(rate_words(99.96), "100");
	EXPECT_EQ(rate_words(12345.6), "12,346");
	EXPECT_EQ(time_of_day(0), "-");
}

} // namespace
} // namespace nft_drops
