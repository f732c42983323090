// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/text/rule_words.h"

#include <gtest/gtest.h>

namespace nft_drops {
namespace {

TEST(MetricsRuleWords, Comment) {
	EXPECT_EQ(comment_in("tcp dport 22 drop comment \"no ssh\""), "no ssh");
	EXPECT_EQ(comment_in("drop comment \"\""), "");
	EXPECT_EQ(comment_in("drop"), "");
	EXPECT_EQ(comment_in(""), "");
	EXPECT_EQ(comment_in("\""), "");
	EXPECT_EQ(comment_in("comment \"x\""), "x");
	EXPECT_EQ(comment_in("log prefix \"a comment \" drop"), "");
	EXPECT_EQ(comment_in("drop log prefix \"x\""), "");
	EXPECT_EQ(comment_in("drop log prefix \"my comment \""), "") << "nothing but the end of another string";
	EXPECT_EQ(comment_in("drop comment \"two\nlines # handle 7\""), "two\nlines # handle 7");
}

TEST(MetricsRuleWords, SaysDrop) {
	for (const char *rule :
	     {"drop", "tcp dport 22 drop", "counter packets 0 bytes 0 drop comment \"x\"",
	      "reject with icmpx port-unreachable", "tcp dport vmap { 1 : drop, 2 : accept }",
	      "udp dport 9 jump {\n\t\t\tip saddr 192.0.2.9 drop\n\t\t}", "log prefix \"accept \" drop"})
		EXPECT_TRUE(says_drop(rule)) << rule;
	for (const char *rule : {"accept", "", "ip saddr @drop accept", "jump drop-them", "accept comment \"no drop\"",
	                         "log prefix \"drop \" accept", "jump nodrop", "iifname \"drop\" accept"})
		EXPECT_FALSE(says_drop(rule)) << rule;
}

} // namespace
} // namespace nft_drops
