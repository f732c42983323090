// SPDX-License-Identifier: GPL-2.0-only
// Texts of rulesets that change, of workers that die, and what a lookup costs.
#include "ruleset_fixture.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <libmnl/libmnl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <map>
#include <string>
#include <thread>

namespace nft_drops {
namespace {

TEST_F(RulesetTest, AddedWhileRunning) {
	ASSERT_TRUE(nft("table inet t { chain c { type filter hook input priority 0; }; }"));
	start();
	ASSERT_TRUE(nft("add rule inet t c tcp dport { 1, 2 } drop"));
	EXPECT_EQ(compare_all(), 1U);
	ASSERT_TRUE(nft(
	        "table ip6 new { chain d { type filter hook output priority 5; policy drop; udp sport 9 drop; }; }"));
	EXPECT_EQ(compare_all(), 3U);
}

TEST_F(RulesetTest, ReplacedRuleKeepsItsOldTextForOldDrops) {
	ASSERT_TRUE(nft("table inet t { chain c { tcp dport 1 drop; }; }"));
	start();
	const Listed before = find("tcp dport 1 drop");
	const nd_event old_drop = event_of(before, generation());
	ASSERT_TRUE(nft("replace rule inet t c handle " + std::to_string(before.rule) + " udp dport { 2, 3 } drop"));
	const Listed after = find("udp dport { 2, 3 } drop");
	ASSERT_EQ(after.rule, before.rule);
	EXPECT_EQ(ask(old_drop).text, "tcp dport 1 drop");
	EXPECT_EQ(ask(after, generation()).text, "udp dport { 2, 3 } drop");
	EXPECT_EQ(ask(old_drop).text, "tcp dport 1 drop");
}

TEST_F(RulesetTest, ReplacedRuleWithoutGenerationGoesByTime) {
	ASSERT_TRUE(nft("table inet t { chain c { tcp dport 1 drop; }; }"));
	start();
	const Listed before = find("tcp dport 1 drop");
	EXPECT_EQ(ask(before, 0).text, "tcp dport 1 drop"); // from now on the worker keeps an eye on the time
	std::this_thread::sleep_for(std::chrono::milliseconds(300));
	const nd_event old_drop = event_of(before, 0);
	// Closer together than the kernel's notice of a change may take, nothing is said.
	std::this_thread::sleep_for(std::chrono::milliseconds(800));
	ASSERT_TRUE(nft("replace rule inet t c handle " + std::to_string(before.rule) + " udp dport 2 drop"));
	const nd_event at_the_change = event_of(before, 0);
	std::this_thread::sleep_for(std::chrono::milliseconds(300));
	EXPECT_EQ(ask(old_drop).text, "tcp dport 1 drop");
	EXPECT_EQ(ask(before, 0).text, "udp dport 2 drop");
	EXPECT_NE(ask(at_the_change).text, "tcp dport 1 drop");
}

TEST_F(RulesetTest, WithoutGenerationAWorkerThatComesLateDoesNotGuess) {
	ASSERT_TRUE(nft("table inet t { chain c { tcp dport 1 drop; }; }"));
	start();
	const Listed before = find("tcp dport 1 drop");
	EXPECT_EQ(ask(before, 0).text, "tcp dport 1 drop");
	kill(ruleset_->worker(), SIGSTOP);
	ASSERT_TRUE(nft("replace rule inet t c handle " + std::to_string(before.rule) + " udp dport 2 drop"));
	const nd_event after_the_change = event_of(before, 0);
	std::this_thread::sleep_for(std::chrono::milliseconds(800));
	kill(ruleset_->worker(), SIGCONT);
	std::this_thread::sleep_for(std::chrono::milliseconds(300)); // it learns of the change before it is asked
	EXPECT_NE(ask(after_the_change).text, "tcp dport 1 drop");
	EXPECT_EQ(ask(before, 0).text, "udp dport 2 drop");
}

TEST_F(RulesetTest, TextThatNobodyReadInTimeIsUnknown) {
	ASSERT_TRUE(nft("table inet t { chain c { tcp dport 1 drop; }; }"));
	start();
	const Listed rule = find("tcp dport 1 drop");
	const std::string replace = "replace rule inet t c handle " + std::to_string(rule.rule);
	// Both within one wake-up of the worker.
	kill(ruleset_->worker(), SIGSTOP);
	ASSERT_TRUE(nft(replace + " tcp dport 2 drop"));
	const uint32_t between = generation();
	ASSERT_TRUE(nft(replace + " tcp dport 3 drop"));
	kill(ruleset_->worker(), SIGCONT);
	EXPECT_EQ(ask(rule, between - 1).text, "tcp dport 1 drop");
	const Attribution lost = ask(rule, between);
	EXPECT_FALSE(lost.known);
	EXPECT_EQ(lost.text, "");
	EXPECT_EQ(lost.chain, "c");
	EXPECT_EQ(ask(rule, between + 1).text, "tcp dport 3 drop");
}

TEST_F(RulesetTest, DeletedRulesAndTablesAreRemembered) {
	ASSERT_TRUE(nft("table inet t { chain c { type filter hook input priority 0; policy drop; tcp dport 1 drop; "
	                "tcp dport 2 drop; }; }"));
	start();
	const Listed rule = find("tcp dport 1 drop");
	const Listed other = find("tcp dport 2 drop");
	const Listed line = find("type filter");
	const uint32_t then = generation();
	ASSERT_TRUE(nft("delete rule inet t c handle " + std::to_string(rule.rule)));
	EXPECT_EQ(ask(rule, then).text, "tcp dport 1 drop");
	EXPECT_EQ(ask(other, generation()).text, "tcp dport 2 drop");
	ASSERT_TRUE(nft("flush ruleset"));
	EXPECT_EQ(ask(rule, then).text, "tcp dport 1 drop");
	EXPECT_EQ(ask(other, then).text, "tcp dport 2 drop");
	EXPECT_EQ(ask(line, then).text, line.text);

	// The same names and handles again: another table.
	ASSERT_TRUE(nft("table inet t { chain c { type filter hook input priority 0; policy drop; udp dport 7 drop; "
	                "udp dport 8 drop; }; }"));
	const Listed again = find("udp dport 7 drop");
	EXPECT_EQ(again.rule, rule.rule);
	EXPECT_NE(again.table_handle, rule.table_handle);
	EXPECT_EQ(compare_all(), 3U);
	EXPECT_EQ(ask(rule, then).text, "tcp dport 1 drop");
}

TEST_F(RulesetTest, TableReplacedWithinOneCommit) {
	ASSERT_TRUE(nft("table inet t { chain c { tcp dport 1 drop; }; }"));
	start();
	const Listed before = find("tcp dport 1 drop");
	const uint32_t then = generation();
	ASSERT_TRUE(nft("flush ruleset\ntable inet t { chain c { tcp dport 2 drop; }; }"));
	EXPECT_EQ(ask(before, then).text, "tcp dport 1 drop");
	EXPECT_EQ(compare_all(), 1U);
}

TEST_F(RulesetTest, ChangedPolicyAndRenamedChain) {
	ASSERT_TRUE(nft("table inet t { chain c { type filter hook input priority 0; policy drop; jump other; }; chain "
	                "other { drop; }; }"));
	start();
	const Listed line = find("type filter");
	const Listed jump = find("jump other");
	const Listed drop = find("drop");
	const uint32_t then = generation();
	ASSERT_TRUE(nft("chain inet t c { policy accept; }"));
	const uint32_t accepting = generation();
	ASSERT_TRUE(nft("rename chain inet t other renamed"));
	EXPECT_EQ(ask(line, then).text, "type filter hook input priority filter; policy drop;");
	ASSERT_EQ(accepting, then + 1);
	ASSERT_TRUE(nft("chain inet t c { type filter hook input priority 0; policy drop; }"));
	EXPECT_FALSE(ask(line, accepting + 1).known) << "the policy was accept then";
	EXPECT_EQ(ask(jump, then).text, "jump other");
	EXPECT_EQ(ask(drop, then).chain, "other");
	EXPECT_EQ(ask(drop, generation()).chain, "renamed");
	EXPECT_EQ(compare_all(), 3U);
}

TEST_F(RulesetTest, RenamedInterface) {
	ASSERT_TRUE(nft("table inet t { chain c { iif lo drop; tcp dport 1 drop; }; }"));
	start();
	const nd_event old_drop = event_of(find("iif \"lo\""), generation());
	EXPECT_EQ(compare_all(), 2U);
	std::this_thread::sleep_for(std::chrono::milliseconds(200));
	ASSERT_EQ(system("ip link set lo name nd-new"), 0);
	std::this_thread::sleep_for(std::chrono::milliseconds(200));
	EXPECT_EQ(find("iif \"nd-new\" drop").rule, old_drop.rule_handle);
	EXPECT_EQ(ask(old_drop).text, "iif \"lo\" drop");
	EXPECT_EQ(compare_all(), 2U);
}

TEST_F(RulesetTest, TwoHundredQuickChanges) {
	ASSERT_TRUE(nft("table inet t { chain c { tcp dport 1 drop; }; }"));
	start();
	const Listed rule = find("tcp dport 1 drop");
	std::map<uint32_t, std::string> truth{{generation(), "tcp dport 1 drop"}};
	for (int i = 2; i <= 201; i++) {
		const std::string text = "tcp dport " + std::to_string(i) + " drop";
		ASSERT_TRUE(nft("replace rule inet t c handle " + std::to_string(rule.rule) + " " + text));
		truth[generation()] = text;
	}
	size_t known = 0;
	for (const auto &[at, text] : truth) {
		const Attribution answer = ask(rule, at);
		if (!answer.known) continue;
		known++;
		EXPECT_EQ(answer.text, text) << "generation " << at;
	}
	EXPECT_GE(known, 1U);
	EXPECT_EQ(ask(rule, generation()).text, "tcp dport 201 drop");
}

TEST_F(RulesetTest, OtherChangesDoNotDisturb) {
	std::string ruleset = "table inet t {\nset s { type ipv4_addr; }\nchain c {\n";
	for (int i = 1; i <= 200; i++)
		ruleset += "tcp dport { " + std::to_string(i) + ", 1000 } drop\n";
	ASSERT_TRUE(nft(ruleset + "}\n}\n"));
	std::atomic<bool> stop = false;
	std::thread busy([&stop] {
		while (!stop) {
			EXPECT_TRUE(nft("add element inet t s { 192.0.2.1 }"));
			EXPECT_TRUE(nft("delete element inet t s { 192.0.2.1 }"));
		}
	});
	const uint32_t before = generation();
	start();
	const auto listing = list_ruleset();
	EXPECT_EQ(listing.size(), 200U);
	for (const Listed &listed : listing) {
		const Attribution answer = ask(listed, generation());
		EXPECT_TRUE(answer.known) << listed.text;
		EXPECT_EQ(answer.text, listed.text);
	}
	EXPECT_NE(generation(), before);
	stop = true;
	busy.join();
}

TEST_F(RulesetTest, OverflownEventsAreMadeUpFor) {
	ASSERT_TRUE(nft("table inet t { chain c { tcp dport 1 drop; }; }"));
	start();
	const Listed first = find("tcp dport 1 drop");
	const uint32_t then = generation();
	// The worker's receive buffers hold the events of 100,000 rules: made small from here.
	const int worker = static_cast<int>(syscall(SYS_pidfd_open, ruleset_->worker(), 0));
	ASSERT_GE(worker, 0);
	int narrowed = 0;
	for (int number = 3; number < 16; number++) {
		const int theirs = static_cast<int>(syscall(SYS_pidfd_getfd, worker, number, 0));
		if (theirs < 0) continue;
		int protocol = -1;
		socklen_t size = sizeof(protocol);
		const int least = 1;
		if (getsockopt(theirs, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 &&
		    protocol == NETLINK_NETFILTER &&
		    setsockopt(theirs, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)) == 0)
			narrowed++;
		close(theirs);
	}
	close(worker);
	EXPECT_GE(narrowed, 2) << "one to ask and one that hears of changes";
	kill(ruleset_->worker(), SIGSTOP);
	ASSERT_TRUE(nft("replace rule inet t c handle " + std::to_string(first.rule) + " tcp dport 2 drop"));
	for (int i = 0; i < 50; i++)
		ASSERT_TRUE(nft("add rule inet t c tcp dport 3 drop"));
	kill(ruleset_->worker(), SIGCONT);
	EXPECT_EQ(ask(first, then).text, "tcp dport 1 drop");
	const Attribution replaced = ask(first, then + 1);
	EXPECT_TRUE(!replaced.known || replaced.text == "tcp dport 2 drop") << replaced.text;
	EXPECT_EQ(compare_all(), 51U);
}

TEST_F(RulesetTest, UnknownThingsAreUnknown) {
	ASSERT_TRUE(nft("table inet t { chain c { tcp dport 1 drop; }; }"));
	start();
	Listed rule = find("tcp dport 1 drop");
	nd_event elsewhere = event_of(rule, generation());
	elsewhere.netns = 1;
	EXPECT_FALSE(ask(elsewhere).known) << "handles mean nothing in another namespace";
	struct stat here{};
	ASSERT_EQ(stat("/proc/self/ns/net", &here), 0);
	elsewhere.netns = static_cast<uint32_t>(here.st_ino);
	EXPECT_TRUE(ask(elsewhere).known);
	Listed no_rule = rule;
	no_rule.rule = 4711;
	EXPECT_FALSE(ask(no_rule, generation()).known);
	EXPECT_EQ(ask(no_rule, generation()).table, "t");
	Listed no_table = rule;
	no_table.table_handle = 4711;
	const Attribution answer = ask(no_table, generation());
	EXPECT_FALSE(answer.known);
	EXPECT_EQ(answer.table, "t");
	EXPECT_EQ(answer.family, "inet");
}

TEST_F(RulesetTest, AWorkerThatIsKilledIsToldOf) {
	ASSERT_TRUE(nft("table inet t { chain c { tcp dport 1 drop; tcp dport 2 drop; }; }"));
	start();
	const Listed rule = find("tcp dport 1 drop");
	const Listed other = find("tcp dport 2 drop");
	const pid_t first = ruleset_->worker();
	// Ctrl-C must not end it.
	kill(first, SIGINT);
	kill(first, SIGTERM);
	EXPECT_EQ(ask(rule, generation()).text, "tcp dport 1 drop");
	EXPECT_EQ(ruleset_->worker(), first);
	kill(first, SIGKILL);
	EXPECT_FALSE(ask_one(*ruleset_, event_of(other, generation())));
	EXPECT_EQ(ruleset_->state(), Ruleset::State::kEnded);
	EXPECT_NE(ruleset_->error().message().find("Killed"), std::string::npos) << ruleset_->error().message();
}

TEST_F(RulesetTest, AnotherNamespace) {
	ASSERT_TRUE(nft("table inet there { chain c { tcp dport 1 drop; }; }"));
	const Listed there = find("tcp dport 1 drop");
	const uint32_t then = generation();
	const int netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	ASSERT_GE(netns, 0);
	ASSERT_EQ(unshare(CLONE_NEWNET), 0);
	ASSERT_TRUE(nft("table inet here { chain c { tcp dport 2 drop; }; }"));
	auto started = Ruleset::start({.netns = netns});
	close(netns);
	ASSERT_TRUE(started);
	ruleset_ = std::move(*started);
	ASSERT_TRUE(wait_until_ready(*ruleset_));
	const Attribution answer = ask(there, then);
	EXPECT_EQ(answer.table, "there");
	EXPECT_EQ(answer.text, "tcp dport 1 drop");
}

// More rules than are listed at the start.
TEST_F(RulesetTest, ManyRules) {
	std::string ruleset = "table inet t {\n";
	constexpr int kChains = 30;
	constexpr int kRulesEach = 200;
	for (int chain = 0; chain < kChains; chain++) {
		ruleset += "chain c" + std::to_string(chain) + " {\n";
		for (int rule = 1; rule <= kRulesEach; rule++)
			ruleset +=
			        "tcp sport " + std::to_string(chain) + " tcp dport " + std::to_string(rule) + " drop\n";
		ruleset += "}\n";
	}
	ASSERT_TRUE(nft(ruleset + "}\n"));
	start();
	const Listed rule = find("tcp sport 7 tcp dport 9 drop");
	const Listed other = find("tcp sport 29 tcp dport 200 drop");
	const Listed deleted = find("tcp sport 28 tcp dport 200 drop");
	const uint32_t then = generation();
	EXPECT_EQ(ask(rule, then).text, rule.text);
	ASSERT_TRUE(nft("replace rule inet t c29 handle " + std::to_string(other.rule) + " udp dport 1 drop"));
	ASSERT_TRUE(nft("delete rule inet t c28 handle " + std::to_string(deleted.rule)));
	const Attribution before = ask(other, then);
	EXPECT_TRUE(!before.known || before.text == other.text) << before.text;
	EXPECT_EQ(before.chain, "c29");
	const Attribution gone = ask(deleted, then);
	EXPECT_TRUE(!gone.known || gone.text == deleted.text) << gone.text;
	EXPECT_EQ(gone.chain, "c28");
	EXPECT_EQ(compare_all(), static_cast<size_t>(kChains * kRulesEach - 1));
}

TEST_F(RulesetTest, SmallRulesetCost) {
	ASSERT_TRUE(nft(kArticle));
	using Clock = std::chrono::steady_clock;
	const auto us = [](Clock::duration time) {
		return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
	};
	const auto begin = Clock::now();
	auto started = Ruleset::start({});
	const auto returned = Clock::now();
	ASSERT_TRUE(started);
	ASSERT_TRUE(wait_until_ready(**started));
	const auto ready = Clock::now();
	ruleset_ = std::move(*started);
	const Listed rule = find("tcp dport 10000 drop");
	const nd_event event = event_of(rule, generation());
	const auto asking = Clock::now();
	constexpr int kTimes = 1000;
	for (int i = 0; i < kTimes; i++)
		ASSERT_EQ(ask(event).text, "tcp dport 10000 drop");
	const auto asked = Clock::now();
	printf("8 rules: start() %ld us, ready after %ld us, a known text %ld us\n",
	       static_cast<long>(us(returned - begin)), static_cast<long>(us(ready - begin)),
	       static_cast<long>(us(asked - asking) / kTimes));
}

} // namespace
} // namespace nft_drops
