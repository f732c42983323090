// SPDX-License-Identifier: GPL-2.0-only
// top --batch, on a real kernel with real packets. The truth comes from nft's own counters.
// NFT_DROPS_FULL=1 sends 1,000,000 packets of as many flows; else fewer, for machines that are emulated.
#include "tests/guest/loopback_sender.h"
#include "tests/guest/modules.h"
#include "tests/guest/running.h"
#include "tests/guest/twenty_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <map>
#include <regex>
#include <unistd.h>

namespace nft_drops::guest {
namespace {

using testing::HasSubstr;
using testing::Not;

unsigned packets_of_each() {
	return full_or(500'000, 10'000);
}

// Each datagram is of a flow of its own, up to a million of both processors.
pid_t sender(int cpu, unsigned count) {
	return send_over_loopback(cpu, count, kEcho, [cpu](unsigned i) {
		return Datagram{static_cast<uint32_t>(0x7f010000 + cpu * 0x10000 + i / kPorts),
		                kFirstPort + i % kPorts};
	});
}

std::vector<std::string> frames_of(const std::string &out) {
	std::vector<std::string> frames;
	for (const std::string &line : lines_of(out)) {
		if (line.starts_with("# 20")) frames.emplace_back();
		if (!frames.empty()) frames.back() += line + '\n';
	}
	return frames;
}

// Of a frame: packets by handle. Drops whose rule's text did not come in time are a line of their own, and so a rule
// may have two lines on a slow machine.
std::map<uint64_t, uint64_t> totals(const std::string &frame) {
	std::map<uint64_t, uint64_t> by_handle;
	static const std::regex kLine(R"( *[0-9.]+ +([0-9]+) [0-9:]+ inet t c .* # handle ([0-9]+))");
	for (const std::string &line : lines_of(frame)) {
		std::smatch m;
		if (std::regex_match(line, m, kLine)) by_handle[std::stoull(m[2])] += std::stoull(m[1]);
	}
	return by_handle;
}

std::map<uint64_t, uint64_t> counted() {
	std::map<uint64_t, uint64_t> packets;
	for (const auto &[handle, sums] : nft_counters())
		packets[handle] = sums.first;
	return packets;
}

class Top : public testing::Test {
protected:
	void SetUp() override {
		ASSERT_EQ(unshare(CLONE_NEWNET), 0);
		shell("ip link set lo up");
		before_ = leftovers();
	}
	void TearDown() override {
		shell("echo 1 > /sys/kernel/debug/kprobes/enabled");
		EXPECT_TRUE(become(before_));
	}
	static void load(const std::string &ruleset) { shell("nft -f - <<'END'\n" + ruleset + "\nEND"); }
	static std::unique_ptr<Running> top(std::vector<std::string> options = {}) {
		std::vector<std::string> command{nft_drops(), "top", "--batch"};
		command.insert(command.end(), options.begin(), options.end());
		auto running = std::make_unique<Running>(command);
		EXPECT_TRUE(running->wait_for("nft-drops: watching ")) << running->err();
		return running;
	}
	static void send(unsigned count) { ends_well(sender(0, count)); }
	Leftovers before_;
};

TEST_F(Top, EqualsNftsOwnCountersOnTwoProcessors) {
	load(twenty_rules());
	auto running = top();
	const std::array children{sender(0, packets_of_each()), sender(1, packets_of_each())};
	for (const pid_t child : children)
		ends_well(child);
	const uint64_t memory = memory_of(running->pid());
	const Finished f = running->finish(SIGTERM);
	EXPECT_EQ(f.status, 0) << f.err;
	const std::string all = std::to_string(2 * packets_of_each());
	EXPECT_THAT(f.err,
	            HasSubstr("nft-drops: " + all + " drops (" + all + " by rule, 0 by policy, 0 other), 0 lost"));
	const auto frames = frames_of(f.out);
	ASSERT_FALSE(frames.empty());
	EXPECT_EQ(totals(frames.back()), counted());
	EXPECT_THAT(frames.back(), HasSubstr("inet t c udp dport 20000-20049 counter drop # handle 2\n"));
	printf("%zu frames; %llu KiB\n", frames.size(), static_cast<unsigned long long>(memory));
	EXPECT_LT(memory, 100U * 1024);
}

TEST_F(Top, AMatchIsDecidedInTheKernel) {
	load(twenty_rules());
	auto running = top({"table", "inet", "t", "udp", "dport", "20000-20074"});
	send(1000);
	const Finished f = running->finish(SIGTERM);
	EXPECT_EQ(f.status, 0) << f.err;
	EXPECT_THAT(f.err, HasSubstr("75 drops (75 by rule, 0 by policy, 0 other) of 1000, 0 lost"));
	EXPECT_EQ(totals(frames_of(f.out).back()), (std::map<uint64_t, uint64_t>{{2, 50}, {3, 25}}));
}

TEST_F(Top, ASelectorTakesOneRule) {
	load(twenty_rules());
	auto running = top({"rule", "inet", "t", "c", "handle", "3"});
	send(1000);
	const Finished f = running->finish(SIGTERM);
	EXPECT_THAT(f.err, HasSubstr("50 drops (50 by rule, 0 by policy, 0 other) of 1000, 0 lost"));
	EXPECT_EQ(totals(frames_of(f.out).back()), (std::map<uint64_t, uint64_t>{{3, 50}}));
}

TEST_F(Top, TextsOfTheTimeAndPolicies) {
	load("table inet t {\n\tchain c {\n\t\ttype filter hook input priority 0; policy drop;\n"
	     "\t\tudp dport 31000-31001 accept\n\t}\n}");
	auto running = top();
	send(10);
	EXPECT_TRUE(running->wait_for(" 10 ")) << running->out();
	shell("nft insert rule inet t c udp dport 20000-20999 drop comment \\\"a long one\\\"");
	send(20);
	const Finished f = running->finish(SIGINT);
	EXPECT_THAT(f.err, HasSubstr("30 drops (20 by rule, 10 by policy, 0 other), 0 lost"));
	const std::string last = frames_of(f.out).back();
	EXPECT_THAT(last, HasSubstr("inet t c type filter hook input priority filter; policy drop;\n"));
	EXPECT_THAT(last, HasSubstr("inet t c udp dport 20000-20999 drop comment \"a long one\" # handle "));
}

TEST_F(Top, EndsAfterSoManyFrames) {
	auto running = top({"--count", "2"});
	const Finished f = running->wait();
	EXPECT_EQ(f.status, 0);
	EXPECT_EQ(frames_of(f.out).size(), 2U);
}

TEST_F(Top, AClosedPipeEndsItQuietly) {
	shell("(" + nft_drops() + " top --batch 2>/tmp/err; echo $? >/tmp/status) | head -n 1 >/tmp/first");
	EXPECT_EQ(shell("cat /tmp/status"), "0\n") << shell("cat /tmp/err");
	EXPECT_THAT(shell("cat /tmp/first"), HasSubstr(" drops, "));
}

TEST_F(Top, WithoutATerminalOneLineAndNothingAttached) {
	const Finished f = run({nft_drops(), "top"});
	EXPECT_EQ(f.status, 1);
	EXPECT_EQ(lines_of(f.err).size(), 1U);
	EXPECT_THAT(f.err, HasSubstr("not a terminal; run it in one, or use top --batch"));
	EXPECT_EQ(f.out, "");
	const Finished bad = run({nft_drops(), "top", "--batch", "tcp", "dport"});
	EXPECT_EQ(bad.status, 1);
	EXPECT_THAT(bad.err, HasSubstr("syntax error"));
}

TEST_F(Top, NobodySaysZeroLostWhileBlind) {
	load(twenty_rules());
	auto running = top();
	shell("echo 0 > /sys/kernel/debug/kprobes/enabled");
	EXPECT_TRUE(running->wait_for("# drops are not seen since ")) << running->out();
	send(10);
	shell("echo 1 > /sys/kernel/debug/kprobes/enabled");
	EXPECT_TRUE(running->wait_for("unseen for ")) << running->out();
	send(10);
	const Finished f = running->finish(SIGTERM);
	EXPECT_THAT(f.err, HasSubstr("10 drops (10 by rule, 0 by policy, 0 other), unseen for "));
	for (const std::string &frame : frames_of(f.out)) {
		if (frame.find("not seen since") == std::string::npos) continue;
		EXPECT_THAT(frame, Not(HasSubstr("0 lost")));
	}
}

TEST_F(Top, GoesOnWhereNfTablesIsLoadedAnew) {
	if (!nf_tables_is_module()) GTEST_SKIP() << "nf_tables is built in";
	load(ruleset_of_round(1));
	auto running = top();
	send(10);
	EXPECT_TRUE(running->wait_for("round 1")) << running->out();
	ASSERT_TRUE(unload_nf_tables());
	load(ruleset_of_round(2)); // with the handles of round 1
	ASSERT_TRUE(running->wait_for("watching again")) << running->err();
	send(20);
	const Finished f = running->finish(SIGTERM);
	EXPECT_EQ(f.status, 0) << f.err;
	EXPECT_THAT(f.err, HasSubstr("30 drops (30 by rule, 0 by policy, 0 other), unseen for "));
	const auto frames = frames_of(f.out);
	ASSERT_FALSE(frames.empty());
	EXPECT_TRUE(std::regex_search(frames.back(), std::regex(" 20 [^\n]*\"round 2\""))) << frames.back();
}

TEST_F(Top, ATableNamedTopKeepsWorking) {
	shell(nft_drops() + " add table ip top");
	shell(nft_drops() + " add chain ip top in '{ type filter hook input priority 0; }'");
	shell(nft_drops() + " top in udp dport 9 drop");
	EXPECT_THAT(shell(nft_drops() + " list table ip top"), HasSubstr("udp dport 9 drop"));
}

} // namespace
} // namespace nft_drops::guest
