// SPDX-License-Identifier: GPL-2.0-only
// record and why, on a real kernel with real packets. The truth comes from nft's own counters.
// NFT_DROPS_FULL=1 sends 1,000,000 packets; else fewer, for machines that are emulated.
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
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <unistd.h>

namespace nft_drops::guest {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

unsigned packets_of_each() {
	return full_or(500'000, 10'000);
}

// To random ports, the same ones each time.
pid_t sender(int cpu, unsigned count) {
	return send_over_loopback(
	        cpu, count, kEcho, [random = std::minstd_rand(static_cast<unsigned>(cpu) + 1)](unsigned) mutable {
		        return Datagram{INADDR_LOOPBACK, static_cast<unsigned>(kFirstPort + random() % kPorts)};
	        });
}

using Sums = std::map<uint64_t, std::pair<uint64_t, uint64_t>>; // packets and bytes by handle

class RecordTest : public testing::Test {
protected:
	void SetUp() override {
		ASSERT_EQ(unshare(CLONE_NEWNET), 0);
		shell("ip link set lo up");
		std::filesystem::remove_all(kFolder);
		before_ = leftovers();
	}
	void TearDown() override {
		shell("echo 1 > /sys/kernel/debug/kprobes/enabled");
		EXPECT_TRUE(become(before_));
	}

	static void load(const std::string &ruleset) { shell("nft -f - <<'END'\n" + ruleset + "\nEND"); }
	static std::unique_ptr<Running> record(const std::vector<std::string> &match = {}) {
		std::vector<std::string> command{nft_drops(), "record", "--database", kDatabase};
		command.insert(command.end(), match.begin(), match.end());
		auto recorder = std::make_unique<Running>(std::move(command));
		EXPECT_TRUE(recorder->wait_for("nft-drops: recording ")) << recorder->err();
		return recorder;
	}
	static std::string why(const std::string &options) {
		return shell(nft_drops() + " why --database " + kDatabase + " " + options);
	}
	static void send(unsigned count) { ends_well(sender(0, count)); }
	// What the history has, by handle; others and lost, too.
	static Sums recorded(uint64_t *lost = nullptr) {
		Sums sums;
		for (const json &line : json_lines(why("-j --since 12h"))) {
			if (line.contains("lost") && lost) *lost = line.at("lost");
			if (!line.contains("packets")) continue;
			EXPECT_EQ(line.at("table"), "t");
			auto &[packets, bytes] = sums[line.at("handle")];
			packets += line.at("packets").get<uint64_t>();
			bytes += line.at("bytes").get<uint64_t>();
		}
		return sums;
	}

	static constexpr const char *kFolder = "/root/nft-drops-history";
	static constexpr const char *kDatabase = "/root/nft-drops-history/drops.db";
	Leftovers before_;
};

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
	const Finished f = run({nft_drops(), "record", "--database", kDatabase, "tcp", "dport", "nonsense"});
	EXPECT_EQ(f.status, 1);
	EXPECT_NE(f.err, "");
	EXPECT_FALSE(std::filesystem::exists(kDatabase));
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
	EXPECT_THAT(run({nft_drops(), "why", "--database", kDatabase, "table", "ip", "t"}).err,
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
	const Finished second = run({nft_drops(), "record", "--database", kDatabase});
	EXPECT_EQ(second.status, 1);
	EXPECT_THAT(second.err, HasSubstr("another nft-drops record writes to it"));
	EXPECT_EQ(lines_of(second.err).size(), 1U);
	EXPECT_EQ(recorder->finish(SIGINT).status, 0);
}

TEST_F(RecordTest, WithoutAHistory) {
	const Finished f = run({nft_drops(), "why", "--database", kDatabase});
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
