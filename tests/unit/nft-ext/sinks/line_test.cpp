// SPDX-License-Identifier: GPL-2.0-only
#include "packets.h"

#include <gtest/gtest.h>

namespace nft_drops::test {
namespace {

nd_event syn() {
	return ip_event(ip(IPPROTO_TCP, tcp(1, 2, 2)));
}

const std::string kPacket =
        "iif \"veth0\" ip saddr 10.0.0.2 ip daddr 10.0.0.1 tcp sport 1 tcp dport 2 tcp flags syn length 40";

TEST(Line, Rule) {
	EXPECT_EQ(render(Format::kLine, syn(), rule_answer()),
	          "2026-11-20T21:40:11.482113+0000 inet filter input handle 7 \"tcp dport 10000 drop\" " + kPacket +
	                  "\n");
}

TEST(Line, Policy) {
	nd_event event = syn();
	event.cause = ND_CAUSE_POLICY;
	event.rule_handle = 0;
	EXPECT_EQ(render(Format::kLine, event, policy_answer()),
	          "2026-11-20T21:40:11.482113+0000 inet filter input policy \"type filter hook input priority filter; "
	          "policy drop;\" " +
	                  kPacket + "\n");
	EXPECT_EQ(render(Format::kLine, event, Attribution{}),
	          "2026-11-20T21:40:11.482113+0000 inet filter input policy \"# chain gone\" " + kPacket + "\n");
}

TEST(Line, JumpLimit) {
	nd_event event = syn();
	event.cause = ND_CAUSE_JUMP_LIMIT;
	EXPECT_EQ(render(Format::kLine, event, rule_answer("jump deeper")),
	          "2026-11-20T21:40:11.482113+0000 inet filter input handle 7 \"jump deeper\" " + kPacket +
	                  " jump limit reached\n");
}

TEST(Line, RuleGone) {
	EXPECT_EQ(render(Format::kLine, syn(), Attribution{}),
	          "2026-11-20T21:40:11.482113+0000 inet filter input handle 7 \"# rule gone\" " + kPacket + "\n");
}

TEST(Line, TextNotReadYet) {
	Attribution unread;
	unread.unread = true;
	EXPECT_EQ(render(Format::kLine, syn(), unread),
	          "2026-11-20T21:40:11.482113+0000 inet filter input handle 7 \"# rule text not read yet\" " + kPacket +
	                  "\n");
}

TEST(Line, UnknownCause) {
	nd_event event = syn();
	event.cause = 0;
	event.rule_handle = 0;
	EXPECT_EQ(render(Format::kLine, event, Attribution{}),
	          "2026-11-20T21:40:11.482113+0000 inet filter input other " + kPacket + " unknown cause\n");
}

TEST(Line, QuotesNewlinesAndTabs) {
	EXPECT_EQ(render(Format::kLine, syn(), rule_answer("iifname \"lo\" jump {\n\tdrop comment \"\\\"\n}")),
	          "2026-11-20T21:40:11.482113+0000 inet filter input handle 7 "
	          "\"iifname \\\"lo\\\" jump {\\n\\tdrop comment \\\"\\\\\\\"\\n}\" " +
	                  kPacket + "\n");
}

TEST(Line, NamesAreOneWord) {
	Attribution answer = rule_answer();
	answer.chain = "a b\tc";
	EXPECT_TRUE(render(Format::kLine, syn(), answer)
	                    .starts_with("2026-11-20T21:40:11.482113+0000 inet filter a\\x20b\\tc handle 7 "));
}

TEST(Line, Colours) {
	std::string out;
	make_renderer(Format::kLine, {.coloured = true})->drop(drop_of(syn(), rule_answer()), out);
	EXPECT_EQ(out, "\033[36m2026-11-20T21:40:11.482113+0000\033[0m \033[1minet filter input \033[0m"
	               "\033[31mhandle 7 \"tcp dport 10000 drop\" \033[0m" +
	                       kPacket + "\n");
}

} // namespace
} // namespace nft_drops::test
