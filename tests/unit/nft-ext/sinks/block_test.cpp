// SPDX-License-Identifier: GPL-2.0-only
#include "packets.h"

#include <gtest/gtest.h>

#include <utility>

namespace nft_drops::test {
namespace {

nd_event syn() {
	return ip_event(ip(IPPROTO_TCP, tcp(1, 2, 2)));
}

const std::string kPacket =
        "iif \"veth0\" ip saddr 10.0.0.2 ip daddr 10.0.0.1 tcp sport 1 tcp dport 2 tcp flags syn length 40";
const std::string kRule = "\t\ttcp dport 10000 drop # handle 7\n";
const std::string kPacketLine = "\t\t# 21:40:11.482113 " + kPacket + "\n";

class Block : public testing::Test {
protected:
	Block() { begin({}); }
	// With the date told already.
	void begin(const RenderStyle &style) {
		renderer_ = make_renderer(Format::kBlock, style);
		drop(syn(), rule_answer());
		finish();
	}
	void drop(const nd_event &event, const Attribution &answer) { renderer_->drop(drop_of(event, answer), out_); }
	std::string finish() {
		renderer_->finish(out_);
		return std::exchange(out_, {});
	}

	std::unique_ptr<Renderer> renderer_;
	std::string out_;
};

TEST_F(Block, OneContextIsOpenedOnce) {
	drop(syn(), rule_answer());
	drop(syn(), rule_answer());
	EXPECT_EQ(out_, "table inet filter { # handle 6\n\tchain input { # handle 1\n" + kPacketLine +
	                        "\t\ttcp dport 10000 drop # handle 7\n" + kPacketLine +
	                        "\t\ttcp dport 10000 drop # handle 7\n");
	EXPECT_TRUE(finish().ends_with("# handle 7\n\t}\n}\n"));
}

TEST_F(Block, TheDateInFrontAndWhereItChanges) {
	renderer_ = make_renderer(Format::kBlock);
	Drop first = drop_of(syn(), rule_answer());
	Drop later = first;
	later.time += std::chrono::hours(24);
	renderer_->drop(first, out_);
	renderer_->drop(first, out_);
	renderer_->drop(later, out_);
	EXPECT_EQ(finish(), "# 2026-11-20\ntable inet filter { # handle 6\n\tchain input { # handle 1\n" + kPacketLine +
	                            kRule + kPacketLine + kRule + "\t\t# 2026-11-21\n" + kPacketLine + kRule +
	                            "\t}\n}\n");
	renderer_->drop(later, out_);
	EXPECT_TRUE(finish().starts_with("table inet filter {")) << "the date is the same";
}

TEST_F(Block, Colours) {
	renderer_ = make_renderer(Format::kBlock, {.coloured = true});
	drop(syn(), rule_answer());
	EXPECT_EQ(finish(), "# \033[36m2026-11-20\033[0m\n\033[1mtable inet filter\033[0m { # handle 6\n"
	                    "\t\033[1mchain input\033[0m { # handle 1\n"
	                    "\t\t# \033[36m21:40:11.482113\033[0m " +
	                            kPacket + "\n\033[31m" + kRule.substr(0, kRule.size() - 1) + "\033[0m\n\t}\n}\n");
}

// On a terminal the second and further drops by a rule with thousands of elements show a few of them.
TEST_F(Block, ALongRuleIsPrintedWholeOnce) {
	std::string elements = "10.0.0.0";
	for (int i = 1; i < 3000; i++)
		elements += ", 10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256);
	Attribution rule = rule_answer("ip saddr { " + elements + " } drop");
	rule.id = 5;
	const std::string whole = "\t\tip saddr { " + elements + " } drop # handle 7\n";
	const std::string brief = "\t\tip saddr { 10.0.0.0, 10.0.0.1, 10.0.0.2 } drop # handle 7 # 2,997 elements not "
	                          "shown again\n";
	const std::string head = "table inet filter { # handle 6\n\tchain input { # handle 1\n";
	begin({.for_terminal = true});
	for (int i = 0; i < 3; i++)
		drop(syn(), rule);
	EXPECT_EQ(out_, head + kPacketLine + whole + kPacketLine + brief + kPacketLine + brief);
	finish();
	Attribution replaced = rule;
	replaced.id = 6; // another text: it has not been seen
	drop(syn(), replaced);
	EXPECT_EQ(out_, head + kPacketLine + whole);
	finish();
	drop(syn(), rule_answer());
	drop(syn(), rule_answer());
	EXPECT_TRUE(out_.ends_with("\t\ttcp dport 10000 drop # handle 7\n")) << "short rules stay as they are";

	out_.clear();
	begin({});
	for (int i = 0; i < 2; i++)
		drop(syn(), rule);
	EXPECT_EQ(out_, head + kPacketLine + whole + kPacketLine + whole) << "what is no terminal always gets the rule";
}

TEST_F(Block, ChainChanges) {
	drop(syn(), rule_answer());
	Attribution other = rule_answer("drop");
	other.chain = "sub";
	other.chain_handle = 4;
	drop(syn(), other);
	EXPECT_EQ(finish(), "table inet filter { # handle 6\n\tchain input { # handle 1\n" + kPacketLine +
	                            "\t\ttcp dport 10000 drop # handle 7\n\t}\n\n\tchain sub { # handle 4\n" +
	                            kPacketLine + "\t\tdrop # handle 7\n\t}\n}\n");
}

TEST_F(Block, TableChanges) {
	drop(syn(), rule_answer());
	Attribution other = rule_answer("drop");
	other.table = "raw";
	other.table_handle = 9;
	drop(syn(), other);
	EXPECT_EQ(finish(), "table inet filter { # handle 6\n\tchain input { # handle 1\n" + kPacketLine +
	                            "\t\ttcp dport 10000 drop # handle 7\n\t}\n}\n"
	                            "table inet raw { # handle 9\n\tchain input { # handle 1\n" +
	                            kPacketLine + "\t\tdrop # handle 7\n\t}\n}\n");
}

// Each alone makes another context: names and handles are reused, and are unique only within a namespace.
TEST_F(Block, WhatMakesAContext) {
	const auto opened = [](const auto &change) {
		const auto renderer = make_renderer(Format::kBlock);
		std::string first;
		renderer->drop(drop_of(syn(), rule_answer()), first);
		std::string second;
		nd_event event = syn();
		Attribution answer = rule_answer();
		change(event, answer);
		renderer->drop(drop_of(event, answer), second);
		return second.substr(0, second.find("\t\t#"));
	};
	EXPECT_EQ(opened([](nd_event &, Attribution &) {}), "");
	EXPECT_EQ(opened([](nd_event &, Attribution &answer) { answer.table_handle = 8; }),
	          "\t}\n}\ntable inet filter { # handle 8\n\tchain input { # handle 1\n");
	EXPECT_EQ(opened([](nd_event &, Attribution &answer) { answer.family = "ip"; }),
	          "\t}\n}\ntable ip filter { # handle 6\n\tchain input { # handle 1\n");
	EXPECT_EQ(opened([](nd_event &event, Attribution &) { event.netns = 1; }),
	          "\t}\n}\ntable inet filter { # handle 6\n\tchain input { # handle 1\n");
	EXPECT_EQ(opened([](nd_event &, Attribution &answer) { answer.chain_handle = 3; }),
	          "\t}\n\n\tchain input { # handle 3\n");
	EXPECT_EQ(opened([](nd_event &, Attribution &answer) { answer.chain = "in"; }),
	          "\t}\n\n\tchain in { # handle 1\n");
}

TEST_F(Block, FinishWithoutDropsAndTwice) {
	EXPECT_EQ(finish(), "");
	drop(syn(), rule_answer());
	EXPECT_NE(finish(), "");
	EXPECT_EQ(finish(), "");
	drop(syn(), rule_answer());
	EXPECT_TRUE(finish().starts_with("table inet filter {"));
}

TEST_F(Block, JumpLimit) {
	nd_event event = syn();
	event.cause = ND_CAUSE_JUMP_LIMIT;
	drop(event, rule_answer("jump deeper"));
	EXPECT_EQ(finish(), "table inet filter { # handle 6\n\tchain input { # handle 1\n\t\t# 21:40:11.482113 " +
	                            kPacket + " jump limit reached\n\t\tjump deeper # handle 7\n\t}\n}\n");
}

TEST_F(Block, RuleGone) {
	Attribution gone = rule_answer("");
	gone.known = false;
	drop(syn(), gone);
	EXPECT_EQ(finish(), "table inet filter { # handle 6\n\tchain input { # handle 1\n" + kPacketLine +
	                            "\t\t# handle 7 # rule gone\n\t}\n}\n");
}

TEST_F(Block, TextNotReadYet) {
	Attribution unread;
	unread.unread = true;
	drop(syn(), unread);
	EXPECT_TRUE(finish().ends_with(kPacketLine + "\t\t# handle 7 # rule text not read yet\n\t}\n}\n"));
	nd_event event = syn();
	event.cause = ND_CAUSE_POLICY;
	event.rule_handle = 0;
	drop(event, unread);
	EXPECT_TRUE(finish().ends_with(kPacketLine + "\t\t# policy drop # rule text not read yet\n\t}\n}\n"));
}

// What is kept of a long rule and of short ones is not mixed up.
TEST_F(Block, LongRulesAndShortOnes) {
	Attribution one = rule_answer(std::string(20'000, 'a')), two = rule_answer(std::string(20'000, 'b')),
	            three = rule_answer("drop");
	one.id = 1;
	two.id = 2;
	three.id = 3;
	for (int round = 0; round < 2; round++) {
		for (const Attribution *attribution : {&one, &two, &three}) {
			out_.clear();
			drop(syn(), *attribution);
			EXPECT_NE(out_.find("\t\t" + attribution->text + " # handle 7\n"), std::string::npos);
		}
	}
}

// A text that was not in force is not shown, even if there is one.
TEST_F(Block, UnknownBeatsText) {
	Attribution gone = rule_answer("accept");
	gone.known = false;
	drop(syn(), gone);
	EXPECT_EQ(finish().find("accept"), std::string::npos);
}

TEST_F(Block, PolicyGone) {
	nd_event event = syn();
	event.cause = ND_CAUSE_POLICY;
	event.rule_handle = 0;
	Attribution gone = policy_answer();
	gone.known = false;
	drop(event, gone);
	EXPECT_EQ(finish(), "table inet filter { # handle 6\n\tchain input { # handle 1\n" + kPacketLine +
	                            "\t\t# policy drop # chain gone\n\t}\n}\n");
}

// Nothing but the event: its names and handles stand in.
TEST_F(Block, EmptyAnswer) {
	nd_event event = syn();
	drop(event, Attribution{});
	EXPECT_EQ(finish(), "table inet filter { # handle 6\n\tchain input { # handle 1\n" + kPacketLine +
	                            "\t\t# handle 7 # rule gone\n\t}\n}\n");
	event.table_handle = event.chain_handle = 0;
	drop(event, Attribution{});
	EXPECT_TRUE(finish().starts_with("table inet filter {\n\tchain input {\n\t\t#"));
}

TEST_F(Block, UnknownCause) {
	nd_event event = syn();
	event.cause = 99;
	event.rule_handle = 0;
	drop(event, Attribution{});
	EXPECT_EQ(finish(), "table inet filter { # handle 6\n\tchain input { # handle 1\n\t\t# 21:40:11.482113 " +
	                            kPacket + " unknown cause\n\t}\n}\n");
}

TEST_F(Block, HostileNames) {
	Attribution answer = rule_answer();
	answer.table = "a b\n\x1b";
	answer.chain = "\xc2\x9b";
	drop(syn(), answer);
	EXPECT_TRUE(finish().starts_with("table inet a\\x20b\\n\\x1b { # handle 6\n\tchain \\u009b { # handle 1\n"));
}

} // namespace
} // namespace nft_drops::test
