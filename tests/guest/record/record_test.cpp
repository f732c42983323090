// SPDX-License-Identifier: GPL-2.0-only
// record and why, on a real kernel with real packets. The truth comes from nft's own counters.
// NFT_DROPS_FULL=1 sends 1,000,000 packets; else fewer, for machines that are emulated.
#include "record_fixture.h"
#include "tests/guest/modules.h"

#include <gmock/gmock.h>
#include <sched.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>

namespace nft_drops::guest {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

class RecordTest : public RecordFixture {};

TEST_F(RecordTest, EqualsNftsOwnCountersOnTwoProcessors) {
	load(twenty_rules());
	auto recorder = record();
	const std::array children{sender(0, packets_of_each()), sender(1, packets_of_each())};
	for (const pid_t child : children)
		ends_well(child);
	const Finished f = recorder->finish(SIGTERM);
	EXPECT_EQ(f.status, 0) << f.err;
	EXPECT_THAT(f.err, HasSubstr("recorded " + std::to_string(2 * packets_of_each()) + " drops, 0 lost"));
	EXPECT_EQ(recorded(), nft_counters());
}

// Two rules of one chain, and a chain behind it.
constexpr const char *kThreeRules =
        "table inet t {\n\tchain c {\n\t\ttype filter hook input priority 0; policy accept;\n"
        "\t\tudp dport 20000 counter drop\n\t\tudp dport 20001 counter drop\n\t}\n"
        "\tchain d {\n\t\ttype filter hook input priority 1; policy accept;\n"
        "\t\tudp dport 20002 counter drop\n\t}\n}";

TEST_F(RecordTest, OnlyWhatTheMatchTakes) {
	load(kThreeRules);
	auto recorder = record({"udp", "dport", "20000"});
	for (const unsigned port : {20000U, 20001U, 20002U, 20000U})
		ends_well(
		        send_over_loopback(0, 5, kEcho, [port](unsigned) { return Datagram{INADDR_LOOPBACK, port}; }));
	const Finished f = recorder->finish(SIGTERM);
	EXPECT_EQ(f.status, 0) << f.err;
	EXPECT_THAT(f.err, HasSubstr("recorded 10 drops, 0 lost"));
	const std::string text = why("");
	EXPECT_THAT(text, testing::StartsWith("# recorded only: udp dport 20000\n"));
	EXPECT_THAT(text, HasSubstr("# 10 packets "));
	EXPECT_THAT(text, HasSubstr("\t\tudp dport 20000 counter drop # handle "));
	EXPECT_THAT(text, Not(HasSubstr("20001")));
	EXPECT_THAT(text, Not(HasSubstr("20002")));
}

TEST_F(RecordTest, OnlyWhatTheSelectorNames) {
	load(kThreeRules);
	auto recorder = record({"chain", "inet", "t", "d"});
	for (const unsigned port : {20000U, 20001U, 20002U})
		ends_well(
		        send_over_loopback(0, 5, kEcho, [port](unsigned) { return Datagram{INADDR_LOOPBACK, port}; }));
	EXPECT_THAT(recorder->finish(SIGTERM).err, HasSubstr("recorded 5 drops, 0 lost"));
	const std::string text = why("");
	EXPECT_THAT(text, testing::StartsWith("# recorded only: chain inet t d\n"));
	EXPECT_THAT(text, HasSubstr("\t\tudp dport 20002 counter drop # handle "));
	EXPECT_THAT(text, Not(HasSubstr("20000")));
}

TEST_F(RecordTest, ABadMatchMakesNoHistory) {
	const Finished f = run({nft_drops(), "record", "--database", database(), "tcp", "dport", "nonsense"});
	EXPECT_EQ(f.status, 1);
	EXPECT_NE(f.err, "");
	EXPECT_FALSE(std::filesystem::exists(database()));
}

TEST_F(RecordTest, LooksLikeTheListing) {
	load("table inet t {\n\tchain c {\n\t\ttype filter hook input priority 0; policy accept;\n"
	     "\t\tudp dport 20000-20999 drop comment \"ours\"\n\t}\n}");
	auto recorder = record();
	send(1);
	EXPECT_EQ(recorder->finish(SIGTERM).status, 0);
	const std::string text = why("");
	EXPECT_THAT(text, HasSubstr("table inet t { # handle "));
	EXPECT_THAT(text, HasSubstr("\tchain c { # handle 1\n"));
	EXPECT_THAT(text, HasSubstr(": iif \"lo\" ip saddr 127.0.0.1 ip daddr 127.0.0.1 udp dport 20"));
	EXPECT_THAT(text, HasSubstr("\n\t\tudp dport 20000-20999 drop comment \"ours\" # handle 2\n\t}\n}\n"));
	EXPECT_THAT(why("chain inet t c"), HasSubstr("# handle 2"));
	EXPECT_THAT(run({nft_drops(), "why", "--database", database(), "table", "ip", "t"}).err,
	            HasSubstr("no such drops from "));
}

TEST_F(RecordTest, TextsAreThoseOfTheTime) {
	auto recorder = record();
	constexpr int kRounds = 10;
	for (int i = 0; i < kRounds; i++) {
		load("add table inet t\ndelete table inet t\ntable inet t {\n\tchain c {\n"
		     "\t\ttype filter hook input priority 0; policy accept;\n\t\tudp dport 20000-20999 drop comment "
		     "\"round " +
		     std::to_string(i) + "\"\n\t}\n}");
		send(static_cast<unsigned>(10 + i));
	}
	shell("nft delete table inet t");
	EXPECT_EQ(recorder->finish(SIGTERM).status, 0);
	std::map<std::string, uint64_t> by_text;
	for (const json &line : json_lines(why("-j")))
		if (line.contains("packets")) by_text[line.at("rule")] += line.at("packets").get<uint64_t>();
	EXPECT_EQ(by_text.size(), size_t{kRounds});
	for (int i = 0; i < kRounds; i++)
		EXPECT_EQ(by_text["udp dport 20000-20999 drop comment \"round " + std::to_string(i) + "\""],
		          static_cast<uint64_t>(10 + i));
}

// What was dropped while kprobes were switched off is in no row, and in no time that is told as recorded.
TEST_F(RecordTest, ATimeUnseenIsToldAsNotRecorded) {
	load(twenty_rules());
	auto recorder = record();
	send(10);
	shell("echo 0 > /sys/kernel/debug/kprobes/enabled");
	send(10);
	EXPECT_TRUE(recorder->wait_for("drops are not seen: kprobes were switched off")) << recorder->err();
	shell("echo 1 > /sys/kernel/debug/kprobes/enabled");
	EXPECT_TRUE(recorder->wait_for("watching again")) << recorder->err();
	send(10);
	const Finished f = recorder->finish(SIGTERM);
	EXPECT_EQ(f.status, 0) << f.err;
	EXPECT_THAT(f.err, HasSubstr("recorded 20 drops, unseen for "));
	const std::string told = why("");
	EXPECT_THAT(told.substr(told.find("# not recorded: ") + 1), HasSubstr("# not recorded: ")) << told;
}

TEST_F(RecordTest, GoesOnWhereNfTablesIsLoadedAnew) {
	if (!nf_tables_is_module()) GTEST_SKIP() << "nf_tables is built in";
	load(ruleset_of_round(1));
	auto recorder = record();
	send(10);
	ASSERT_TRUE(unload_nf_tables());
	load(ruleset_of_round(2)); // with the handles of round 1
	ASSERT_TRUE(recorder->wait_for("watching again")) << recorder->err();
	send(20);
	const Finished f = recorder->finish(SIGTERM);
	EXPECT_EQ(f.status, 0) << f.err;
	EXPECT_THAT(f.err, HasSubstr("recorded 30 drops, unseen for "));
	std::map<std::string, uint64_t> by_text;
	for (const json &line : json_lines(why("-j")))
		if (line.contains("packets") && line.at("rule").is_string())
			by_text[line.at("rule")] += line.at("packets").get<uint64_t>();
	EXPECT_EQ(by_text["udp dport 20000-20999 drop comment \"round 2\""], 20U);
	// A drop shortly before the unloading may have no text, and never the other one's.
	EXPECT_LE(by_text["udp dport 20000-20999 drop comment \"round 1\""], 10U);
}

TEST_F(RecordTest, SurvivesBeingKilled) {
	load(twenty_rules());
	for (int round = 0; round < 3; round++) {
		auto recorder = record();
		send(100);
		// What is older than a second is on disk.
		for (int i = 0; i < 100 && recorded() != nft_counters(); i++)
			usleep(100'000);
		EXPECT_EQ(recorded(), nft_counters());
		EXPECT_EQ(recorder->finish(SIGKILL).status, 128 + SIGKILL);
	}
	EXPECT_THAT(why("--since 12h"), HasSubstr("# not recorded: "));
}

TEST_F(RecordTest, TwoRecordersOfOneFile) {
	auto recorder = record();
	const Finished second = run({nft_drops(), "record", "--database", database()});
	EXPECT_EQ(second.status, 1);
	EXPECT_THAT(second.err, HasSubstr("another nft-drops record writes to it"));
	EXPECT_EQ(lines_of(second.err).size(), 1U);
	EXPECT_EQ(recorder->finish(SIGINT).status, 0);
}

TEST_F(RecordTest, WithoutAHistory) {
	const Finished f = run({nft_drops(), "why", "--database", database()});
	EXPECT_EQ(f.status, 1);
	EXPECT_THAT(f.err, HasSubstr("nft-drops record"));
	EXPECT_EQ(f.out, "");
}

TEST_F(RecordTest, WakesUpTwiceASecondAtMost) {
	load(twenty_rules());
	auto recorder = record();
	const auto switches = [&] {
		std::ifstream status("/proc/" + std::to_string(recorder->pid()) + "/status");
		for (std::string line; std::getline(status, line);)
			if (line.starts_with("voluntary_ctxt_switches:")) return std::stoul(line.substr(24));
		return 0UL;
	};
	sleep(2);
	const auto before = switches();
	sleep(10);
	EXPECT_GT(before, 0U);
	// Ten seconds: ten times the timer and the grace period, and the disk.
	EXPECT_LE(switches() - before, 30U);
	EXPECT_EQ(recorder->finish(SIGTERM).status, 0);
}

} // namespace
} // namespace nft_drops::guest
