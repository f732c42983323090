// SPDX-License-Identifier: GPL-2.0-only
// One file of more than 500 lines: every test uses the same database and the same rows.
// The history: what is written is found, bounded and whole.
#include "nft-ext/history/listing.h"
#include "nft-ext/history/reader.h"
#include "nft-ext/history/store.h"
#include "nft-ext/history/time_words.h"
#include "temporary_folder.h"

#include "bpf/shared/flow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <arpa/inet.h>
#include <csignal>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <fstream>
#include <random>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nft_drops {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kMinute = 60 * kSecond;
// 2026-11-20 14:00:00 UTC
constexpr int64_t kThen = int64_t{1795183200} * kSecond;
constexpr uint32_t kNetns = 4026531840;

Address address(const char *text) {
	Address a;
	a.size = 4;
	EXPECT_EQ(inet_pton(AF_INET, text, a.bytes.data()), 1);
	return a;
}

CulpritWords rule(uint64_t handle, std::string text) {
	CulpritWords c;
	c.netns = kNetns;
	c.family = "inet";
	c.table = "filter";
	c.table_handle = 6;
	c.chain = "input";
	c.chain_handle = 1;
	c.chain_known = true;
	c.base_chain = "input";
	c.hook = "input";
	c.cause = ND_CAUSE_RULE;
	c.handle = handle;
	c.text = std::move(text);
	return c;
}

FlowWords tcp(const char *from, uint16_t port) {
	FlowWords f;
	f.kind = ND_FLOW_IP | ND_FLOW_PORT;
	f.protocol = IPPROTO_TCP;
	f.port = port;
	f.iif = "eth0";
	f.saddr = address(from);
	f.daddr = address("192.0.2.1");
	return f;
}

Moment at(int64_t wall) {
	return {.wall = wall, .boot = wall - kThen + 5 * kSecond};
}

class HistoryTest : public testing::Test {
protected:
	HistoryTest() {
		setenv("TZ", "UTC", 1);
		tzset();
	}
	[[nodiscard]] std::string path() const { return folder_.path + "/history/drops.db"; }
	void open(StoreOptions options = {}) {
		options.path = path();
		store_.reset();
		auto opened = Store::open(options);
		ASSERT_TRUE(opened) << opened.error().message();
		store_ = std::move(*opened);
	}
	void open_at(int64_t wall) {
		open();
		ASSERT_TRUE(store_->begin_span(at(wall), {.boot = "one", .netns = {}, .match = {}}));
	}
	// `packets` of 60 bytes each, all at once.
	void drop(const CulpritWords &by, const FlowWords &flow, int64_t when, int64_t packets = 1, int64_t lost = 0) {
		const Row row{&by, flow, {packets, 60 * packets, when, when}};
		const auto written = store_->write({&row, 1}, lost, at(when));
		ASSERT_TRUE(written) << written.error().message();
	}
	Found find(HistoryQuery query) {
		auto reader = HistoryReader::open(path());
		EXPECT_TRUE(reader) << reader.error().message();
		if (!reader) return {};
		auto found = reader->find(query);
		EXPECT_TRUE(found) << found.error().message();
		return found ? *found : Found{};
	}
	Found find(int64_t since, int64_t until) {
		HistoryQuery query;
		query.since = since;
		query.until = until;
		return find(query);
	}
	std::string shown(int64_t since, int64_t until, Format format = Format::kBlock) {
		return listing_of(find(since, until), format, kNetns);
	}
	static int64_t packets(const Found &found) {
		int64_t sum = 0;
		for (const FoundCulprit &one : found.culprits)
			for (const FoundFlow &flow : one.flows)
				sum += flow.drops.packets;
		return sum;
	}

	TemporaryFolder folder_;
	std::unique_ptr<Store> store_;
	const CulpritWords seven_ = rule(7, "tcp dport 10000 drop");
};

TEST_F(HistoryTest, LooksLikeTheListing) {
	open_at(kThen);
	drop(seven_, tcp("192.0.2.7", 10000), kThen + 131 * kSecond, 40);
	drop(seven_, tcp("192.0.2.7", 10000), kThen + 597 * kSecond, 2);
	CulpritWords policy = rule(0, "type filter hook input priority filter; policy drop;");
	policy.cause = ND_CAUSE_POLICY;
	drop(policy, tcp("192.0.2.9", 80), kThen + 598 * kSecond);
	EXPECT_EQ(shown(kThen, kThen + 598 * kSecond),
	          "table inet filter { # handle 6\n"
	          "\tchain input { # handle 1\n"
	          "\t\t# 42 packets 2520 bytes, 2026-11-20 14:02:11 to 14:09:57: iif \"eth0\" ip saddr 192.0.2.7 ip "
	          "daddr "
	          "192.0.2.1 tcp dport 10000\n"
	          "\t\ttcp dport 10000 drop # handle 7\n"
	          "\t\t# 1 packets 60 bytes, 2026-11-20 14:09:58 to 14:09:58: iif \"eth0\" ip saddr 192.0.2.9 ip daddr "
	          "192.0.2.1 tcp dport 80\n"
	          "\t\ttype filter hook input priority filter; policy drop;\n"
	          "\t}\n"
	          "}\n");
	EXPECT_EQ(shown(kThen, kThen + 597 * kSecond, Format::kLine),
	          "2026-11-20 14:02:11 to 14:09:57 42 packets 2520 bytes inet filter input handle 7 \"tcp dport 10000 "
	          "drop\" "
	          "iif \"eth0\" ip saddr 192.0.2.7 ip daddr 192.0.2.1 tcp dport 10000\n");
}

TEST_F(HistoryTest, Json) {
	open_at(kThen);
	drop(seven_, tcp("192.0.2.7", 443), kThen + 1'500'000'000, 3);
	std::istringstream lines(shown(kThen, kThen + 2 * kSecond, Format::kJson));
	std::string line;
	ASSERT_TRUE(std::getline(lines, line));
	const auto json = nlohmann::json::parse(line);
	EXPECT_EQ(json.at("packets"), 3);
	EXPECT_EQ(json.at("bytes"), 180);
	EXPECT_EQ(json.at("first"), "2026-11-20T14:00:01.500000Z");
	EXPECT_EQ(json.at("handle"), 7);
	EXPECT_EQ(json.at("reason"), "rule");
	EXPECT_EQ(json.at("rule"), "tcp dport 10000 drop");
	EXPECT_EQ(json.at("chain"), "input");
	EXPECT_EQ(json.at("packet").at("dport"), 443);
	EXPECT_EQ(json.at("packet").at("l4"), "tcp");
	EXPECT_EQ(json.at("iif"), "eth0");
	EXPECT_TRUE(json.at("oif").is_null());
	EXPECT_FALSE(std::getline(lines, line));
}

TEST_F(HistoryTest, AReplacedRulesOldTextIsThere) {
	open_at(kThen);
	drop(seven_, tcp("192.0.2.7", 1), kThen + kSecond);
	drop(rule(7, "tcp dport 1-20000 drop"), tcp("192.0.2.7", 1), kThen + 2 * kSecond);
	const std::string text = shown(kThen, kThen + kMinute);
	EXPECT_THAT(text, HasSubstr("tcp dport 10000 drop # handle 7"));
	EXPECT_THAT(text, HasSubstr("tcp dport 1-20000 drop # handle 7"));
}

TEST_F(HistoryTest, OnlyWhatIsSelected) {
	open_at(kThen);
	CulpritWords other = rule(7, "drop");
	other.chain = "forward";
	drop(seven_, tcp("192.0.2.7", 1), kThen);
	drop(rule(8, "counter drop"), tcp("192.0.2.7", 1), kThen, 2);
	drop(other, tcp("192.0.2.7", 1), kThen, 4);
	HistoryQuery query;
	query.since = kThen;
	query.until = kThen + kSecond;
	EXPECT_EQ(packets(find(query)), 7);
	query.family = "inet";
	query.table = "filter";
	EXPECT_EQ(packets(find(query)), 7);
	query.chain = "input";
	EXPECT_EQ(packets(find(query)), 3);
	query.handle = 7;
	EXPECT_EQ(packets(find(query)), 1);
	query.table = "filters";
	EXPECT_EQ(packets(find(query)), 0);
}

TEST_F(HistoryTest, SortAndLimit) {
	open_at(kThen);
	for (int i = 1; i <= 9; i++)
		drop(seven_, tcp("192.0.2.7", static_cast<uint16_t>(i)), kThen + i * kSecond, i == 4 ? 100 : 10 - i);
	HistoryQuery query;
	query.since = kThen;
	query.until = kThen + kMinute;
	query.limit = 2;
	Found found = find(query);
	ASSERT_EQ(found.culprits.size(), 1U);
	ASSERT_EQ(found.culprits[0].flows.size(), 2U);
	EXPECT_EQ(found.culprits[0].flows[0].flow.port, 8);
	EXPECT_EQ(found.culprits[0].flows[1].flow.port, 9);
	EXPECT_EQ(found.left_out, 7U);
	query.sort = HistorySort::kPackets;
	found = find(query);
	EXPECT_EQ(found.culprits[0].flows[0].flow.port, 4);
	EXPECT_EQ(found.culprits[0].flows[1].flow.port, 1);
}

TEST_F(HistoryTest, EdgesWithinAMinuteAreWidened) {
	open_at(kThen);
	drop(seven_, tcp("192.0.2.7", 1), kThen + 10 * kSecond);
	drop(seven_, tcp("192.0.2.7", 1), kThen + 50 * kSecond);
	Found found = find(kThen + 30 * kSecond, kThen + kMinute);
	EXPECT_EQ(packets(found), 2);
	EXPECT_TRUE(found.widened);
	EXPECT_EQ(found.time.from, kThen + 10 * kSecond);
	EXPECT_THAT(listing_of(found, Format::kBlock, kNetns),
	            HasSubstr("# whole minutes or hours are kept together: 2026-11-20 14:00:10 to 14:01:00\n"));
	found = find(kThen + 51 * kSecond, kThen + kMinute);
	EXPECT_EQ(packets(found), 0);
	EXPECT_FALSE(found.widened);
}

TEST_F(HistoryTest, WhatWasNotRecordedIsTold) {
	open_at(kThen);
	drop(seven_, tcp("192.0.2.7", 1), kThen + 10 * kSecond);
	open_at(kThen + 1000 * kSecond);
	drop(seven_, tcp("192.0.2.7", 1), kThen + 1010 * kSecond);
	const Found found = find(kThen - 100 * kSecond, kThen + 1010 * kSecond);
	ASSERT_EQ(found.not_recorded.size(), 2U);
	EXPECT_EQ(found.not_recorded[0].from, kThen - 100 * kSecond);
	EXPECT_EQ(found.not_recorded[0].to, kThen);
	EXPECT_EQ(found.not_recorded[1].from, kThen + 10 * kSecond);
	EXPECT_EQ(found.not_recorded[1].to, kThen + 1000 * kSecond);
	EXPECT_EQ(found.begin, kThen);
	EXPECT_THAT(listing_of(found, Format::kBlock, kNetns),
	            HasSubstr("# not recorded: 2026-11-20 14:00:10 to 14:16:40\n"));
}

// While a recorder lives, what it has not written down yet is no gap.
TEST_F(HistoryTest, ARecorderAtWorkHasNoGapAtItsEnd) {
	open_at(kThen);
	drop(seven_, tcp("192.0.2.7", 1), kThen + 10 * kSecond);
	EXPECT_TRUE(find(kThen, kThen + 15 * kSecond).not_recorded.empty());
	EXPECT_EQ(find(kThen, kThen + 100 * kSecond).not_recorded.size(), 1U);
	store_.reset();
	EXPECT_EQ(find(kThen, kThen + 15 * kSecond).not_recorded.size(), 1U);
}

TEST_F(HistoryTest, AClockThatWasSetIsTold) {
	open_at(kThen);
	drop(seven_, tcp("192.0.2.7", 1), kThen + 10 * kSecond);
	ASSERT_TRUE(store_->begin_span({.wall = kThen - 3600 * kSecond, .boot = 15 * kSecond},
	                               {.boot = "one", .clock_set = true, .netns = {}, .match = {}}));
	drop(seven_, tcp("192.0.2.7", 1), kThen - 3599 * kSecond);
	const Found found = find(kThen - 4000 * kSecond, kThen + 20 * kSecond);
	EXPECT_EQ(packets(found), 2);
	ASSERT_EQ(found.clock_set.size(), 1U);
	EXPECT_THAT(listing_of(found, Format::kBlock, kNetns),
	            HasSubstr("# clock set: 2026-11-20 14:00:10 became 2026-11-20 13:00:00\n"));
	// Rows of the two spans are apart.
	EXPECT_EQ(found.culprits[0].flows[0].drops.first, kThen - 3599 * kSecond);
}

// The clock was a day ahead, and was set back: rows of tomorrow can be asked for, and tomorrow is no gap.
TEST_F(HistoryTest, RowsOfATimeThatIsStillToCome) {
	constexpr int64_t kDay = 24 * 60 * kMinute;
	open_at(kThen + kDay);
	drop(seven_, tcp("192.0.2.7", 1), kThen + kDay + kSecond);
	ASSERT_TRUE(store_->begin_span({.wall = kThen, .boot = 15 * kSecond},
	                               {.boot = "one", .clock_set = true, .netns = {}, .match = {}}));
	drop(seven_, tcp("192.0.2.7", 2), kThen + kSecond);
	HistoryQuery query;
	query.since = kThen;
	query.until = kThen + 2 * kDay;
	query.now = kThen + 2 * kSecond;
	const Found found = find(query);
	EXPECT_EQ(packets(found), 2);
	EXPECT_EQ(found.not_recorded.size(), 1U) << "between the two times of the clock";
	EXPECT_EQ(found.clock_set.size(), 1U);
}

TEST_F(HistoryTest, LostAndRecordedOnly) {
	open();
	ASSERT_TRUE(store_->begin_span(at(kThen), {.boot = "one", .netns = {}, .match = "tcp dport 22"}));
	drop(seven_, tcp("192.0.2.7", 22), kThen + kSecond, 1, 5);
	drop(seven_, tcp("192.0.2.7", 22), kThen + 2 * kSecond, 1, 7);
	const std::string text = shown(kThen, kThen + 5 * kSecond);
	EXPECT_THAT(text, HasSubstr("# recorded only: tcp dport 22\n"));
	EXPECT_THAT(text, HasSubstr("# lost: 12\n"));
}

TEST_F(HistoryTest, MinutesBecomeHoursAfterADay) {
	open_at(kThen);
	drop(seven_, tcp("192.0.2.7", 1), kThen + 10 * kSecond, 3);
	drop(seven_, tcp("192.0.2.7", 1), kThen + 10 * kMinute, 4);
	drop(seven_, tcp("192.0.2.7", 2), kThen + 61 * kMinute, 5);
	const int64_t day = 24 * 60 * kMinute;
	ASSERT_TRUE(store_->tidy(at(kThen + 60 * kMinute + day)));
	ASSERT_TRUE(store_->tidy(at(kThen + 60 * kMinute + day)));
	auto database = Database::open(path(), Database::Mode::kRead);
	ASSERT_TRUE(database);
	EXPECT_EQ(database->number("SELECT count(*) FROM hour"), 1);
	EXPECT_EQ(database->number("SELECT packets FROM hour"), 7);
	EXPECT_EQ(database->number("SELECT count(*) FROM minute"), 1);
	const Found found = find(kThen, kThen + 120 * kMinute);
	EXPECT_EQ(packets(found), 12);
}

TEST_F(HistoryTest, TheOldestGoesFirst) {
	open({.path = {}, .keep = std::chrono::hours(2)});
	ASSERT_TRUE(store_->begin_span(at(kThen), {.boot = "one", .netns = {}, .match = {}}));
	drop(rule(6, "old"), tcp("192.0.2.7", 1), kThen);
	drop(seven_, tcp("192.0.2.7", 1), kThen + 100 * kMinute);
	ASSERT_TRUE(store_->tidy(at(kThen + 122 * kMinute)));
	EXPECT_EQ(packets(find(0, kThen + 200 * kMinute)), 1);
	auto database = Database::open(path(), Database::Mode::kRead);
	EXPECT_EQ(database->number("SELECT count(*) FROM text"), 1) << "the text of a rule without rows";
	EXPECT_EQ(database->number("SELECT count(*) FROM culprit"), 1);
}

TEST_F(HistoryTest, TheSizeIsBounded) {
	constexpr int64_t kMost = 12 << 20;
	open({.path = {}, .max_size = kMost});
	ASSERT_TRUE(store_->begin_span(at(kThen), {.boot = "one", .netns = {}, .match = {}}));
	std::mt19937 random(1);
	std::vector<Row> rows;
	int64_t all = 0;
	for (int minute = 0; minute < 30; minute++) {
		rows.clear();
		for (int i = 0; i < 8000; i++) {
			FlowWords flow = tcp("192.0.2.7", static_cast<uint16_t>(random()));
			const uint32_t from = static_cast<uint32_t>(random());
			memcpy(flow.saddr.bytes.data(), &from, sizeof(from));
			rows.push_back({&seven_, flow, {1, 60, kThen + minute * kMinute, kThen + minute * kMinute}});
		}
		all += 8000;
		const Moment now = at(kThen + minute * kMinute + 30 * kSecond);
		ASSERT_TRUE(store_->write(rows, 0, now));
		ASSERT_TRUE(store_->tidy(now));
		struct stat file{}, log{};
		ASSERT_EQ(stat(path().c_str(), &file), 0);
		ASSERT_EQ(stat((path() + "-wal").c_str(), &log), 0);
		EXPECT_LE(file.st_size + log.st_size, kMost) << "minute " << minute;
	}
	const Found found = find(0, kThen + 40 * kMinute);
	EXPECT_LT(packets(found), all);
	EXPECT_GE(packets(found), 16000);
	EXPECT_EQ(find(kThen + 29 * kMinute, kThen + 30 * kMinute).culprits.size(), 1U);
}

TEST_F(HistoryTest, FlowsBeyondWhatAMinuteHoldsAreOthers) {
	open({.path = {}, .max_size = 1 << 20}); // 1747 rows a minute
	ASSERT_TRUE(store_->begin_span(at(kThen), {.boot = "one", .netns = {}, .match = {}}));
	std::vector<Row> rows;
	for (int i = 0; i < 3000; i++)
		rows.push_back({&seven_, tcp("192.0.2.7", static_cast<uint16_t>(i)), {2, 120, kThen, kThen}});
	ASSERT_TRUE(store_->write(rows, 0, at(kThen + kSecond)));
	const Found found = find(kThen, kThen + kSecond);
	EXPECT_EQ(packets(found), 6000);
	EXPECT_LT(found.culprits.at(0).flows.size(), 1800U);
	EXPECT_THAT(listing_of(found, Format::kBlock, kNetns),
	            HasSubstr(" bytes, 2026-11-20 14:00:00 to 14:00:00: others\n"));
}

// A flow that drops each second is one flow: 100 of them fit, however often they are written.
TEST_F(HistoryTest, KnownFlowsTakeNoMoreRoom) {
	open({.path = {}, .max_size = 1 << 20}); // 1747 rows a minute
	ASSERT_TRUE(store_->begin_span(at(kThen), {.boot = "one", .netns = {}, .match = {}}));
	const auto write = [&](int from, int to, int64_t second) {
		const int64_t when = kThen + second * kSecond;
		std::vector<Row> rows;
		for (int i = from; i < to; i++)
			rows.push_back({&seven_, tcp("192.0.2.7", static_cast<uint16_t>(i)), {1, 60, when, when}});
		ASSERT_TRUE(store_->write(rows, 0, at(when)));
	};
	for (int second = 0; second < 40; second++)
		write(0, 100, second);
	EXPECT_EQ(find(kThen, kThen + kMinute).culprits.at(0).flows.size(), 100U);
	// Beside more than fit, too.
	write(100, 3000, 40);
	write(0, 100, 41);
	const Found found = find(kThen, kThen + kMinute);
	EXPECT_EQ(packets(found), 40 * 100 + 2900 + 100);
	for (const FoundFlow &one : found.culprits.at(0).flows) {
		if (one.flow.kind == FlowWords::kOthers || one.flow.port >= 100) continue;
		EXPECT_EQ(one.drops.packets, 41) << one.flow.port;
		EXPECT_EQ(one.drops.last, kThen + 41 * kSecond) << one.flow.port;
	}
	EXPECT_LT(found.culprits.at(0).flows.size(), 1800U);
}

// Drops of two minutes mixed cost about what the same cost one after the other.
TEST_F(HistoryTest, MinutesMayComeMixed) {
	open_at(kThen);
	const auto cost = [&](bool mixed) {
		std::vector<Row> rows;
		for (int i = 0; i < 4000; i++) {
			const int64_t when = kThen + ((mixed ? i % 2 : i / 2000) != 0 ? kMinute : 0);
			rows.push_back({&seven_, tcp("192.0.2.8", static_cast<uint16_t>(i)), {1, 60, when, when}});
		}
		const auto before = std::clock();
		EXPECT_TRUE(store_->write(rows, 0, at(kThen + kMinute)));
		return std::clock() - before;
	};
	std::vector<Row> many;
	for (int i = 0; i < 50'000; i++)
		many.push_back({&seven_, tcp("192.0.2.7", static_cast<uint16_t>(i)), {1, 60, kThen, kThen}});
	ASSERT_TRUE(store_->write(many, 0, at(kThen)));
	const auto ordered = cost(false);
	EXPECT_LT(cost(true), 20 * ordered);
}

TEST_F(HistoryTest, ASecondRecorderEndsAtOnce) {
	open();
	auto second = Store::open({.path = path()});
	ASSERT_FALSE(second);
	EXPECT_THAT(second.error().message(), HasSubstr("another nft-drops record writes to it"));
	EXPECT_EQ(second.error().exit_status(), 1);
}

TEST_F(HistoryTest, FilesAreForRootAndTheGroup) {
	umask(0);
	open();
	struct stat s{};
	ASSERT_EQ(stat((folder_.path + "/history").c_str(), &s), 0);
	EXPECT_EQ(s.st_mode & 07777, 0750U);
	for (const char *end : {"", "-wal", "-shm", ".lock"}) {
		ASSERT_EQ(stat((path() + end).c_str(), &s), 0) << end;
		EXPECT_EQ(s.st_mode & 07777, 0640U) << end;
	}
}

// Damage anywhere: what is opened is whole, or was set aside.
TEST_F(HistoryTest, ADamagedFileIsSetAside) {
	std::mt19937 random(7);
	int set_aside = 0;
	for (int round = 0; round < 30; round++) {
		open_at(kThen);
		std::vector<Row> rows;
		for (int i = 0; i < 300; i++)
			rows.push_back({&seven_, tcp("192.0.2.7", static_cast<uint16_t>(i)), {1, 60, kThen, kThen}});
		ASSERT_TRUE(store_->write(rows, 0, at(kThen)));
		store_.reset();
		{
			auto database = Database::open(path(), Database::Mode::kWrite);
			ASSERT_TRUE(database->run("PRAGMA wal_checkpoint(TRUNCATE)"));
		}
		struct stat s{};
		ASSERT_EQ(stat(path().c_str(), &s), 0);
		const int fd = ::open(path().c_str(), O_WRONLY | O_CLOEXEC);
		std::vector<char> rubbish(round % 2 ? 100 : 5000);
		for (char &c : rubbish)
			c = static_cast<char>(random());
		const auto where = round == 0 ? 0 : static_cast<off_t>(random() % static_cast<size_t>(s.st_size));
		ASSERT_GT(pwrite(fd, rubbish.data(), rubbish.size(), where), 0);
		close(fd);
		open();
		set_aside += store_->set_aside().empty() ? 0 : 1;
		EXPECT_EQ(store_->set_aside().empty(), access((path() + ".damaged").c_str(), F_OK) != 0);
		ASSERT_TRUE(store_->begin_span(at(kThen), {.boot = "two", .netns = {}, .match = {}}));
		drop(seven_, tcp("192.0.2.7", 9), kThen);
		EXPECT_GE(packets(find(kThen, kThen + kMinute)), 1);
		store_.reset();
		std::filesystem::remove_all(folder_.path + "/history");
	}
	EXPECT_GE(set_aside, 10);
}

TEST_F(HistoryTest, WhatIsNoHistoryIsLeftAlone) {
	std::filesystem::create_directory(folder_.path + "/history");
	{
		auto other = Database::open(path(), Database::Mode::kWrite);
		ASSERT_TRUE(other->run("CREATE TABLE mine(a)"));
	}
	auto opened = Store::open({.path = path()});
	ASSERT_FALSE(opened);
	EXPECT_THAT(opened.error().message(), HasSubstr("not a history"));
	auto other = Database::open(path(), Database::Mode::kRead);
	EXPECT_EQ(other->number("SELECT count(*) FROM mine"), 0);
}

// Killed at any moment: the file is whole, and what write() returned for is in it.
TEST_F(HistoryTest, SurvivesBeingKilled) {
	for (int round = 0; round < 10; round++) {
		int written[2];
		ASSERT_EQ(pipe(written), 0);
		const pid_t child = fork();
		if (child == 0) {
			open_at(kThen);
			for (int i = 0;; i++) {
				drop(seven_, tcp("192.0.2.7", static_cast<uint16_t>(i)), kThen + round * kSecond);
				if (::write(written[1], "x", 1) != 1) _exit(1);
			}
		}
		close(written[1]);
		int64_t seen = 0;
		char x;
		const int wanted = 1 + round * 3;
		while (seen < wanted && ::read(written[0], &x, 1) == 1)
			seen++;
		kill(child, SIGKILL);
		while (::read(written[0], &x, 1) == 1)
			seen++;
		close(written[0]);
		ASSERT_EQ(waitpid(child, nullptr, 0), child);
		auto database = Database::open(path(), Database::Mode::kRead);
		ASSERT_TRUE(database);
		auto check = database->prepare("PRAGMA integrity_check");
		ASSERT_TRUE(check && check->step().value_or(false));
		EXPECT_EQ(check->text(0), "ok");
		const int64_t found = packets(find(kThen, kThen + kMinute));
		EXPECT_GE(found, seen);
		EXPECT_LE(found, seen + 1);
		std::filesystem::remove_all(folder_.path + "/history");
	}
}

TEST_F(HistoryTest, NoHistoryNamesTheCommand) {
	auto reader = HistoryReader::open(path());
	ASSERT_FALSE(reader);
	EXPECT_EQ(reader.error().exit_status(), 1);
	EXPECT_THAT(reader.error().message(), HasSubstr("nft-drops record"));
}

// A member of the group may read files and folder, and write neither.
TEST_F(HistoryTest, IsReadWithoutPrivilegeWhileARecorderWritesAndAfter) {
	if (geteuid() != 0) GTEST_SKIP() << "needs root to become somebody else";
	open_at(kThen);
	drop(seven_, tcp("192.0.2.7", 1), kThen + kSecond);
	constexpr uid_t kNobody = 65534;
	constexpr gid_t kGroup = 4711;
	ASSERT_EQ(chown(folder_.path.c_str(), 0, kGroup), 0);
	ASSERT_EQ(chmod(folder_.path.c_str(), 0750), 0);
	ASSERT_EQ(chown((folder_.path + "/history").c_str(), 0, kGroup), 0);
	for (const char *end : {"", "-wal", "-shm", ".lock"})
		ASSERT_EQ(chown((path() + end).c_str(), 0, kGroup), 0);
	const auto as_member = [&] {
		const pid_t child = fork();
		if (child == 0) {
			if (setgid(kGroup) != 0 || setuid(kNobody) != 0) _exit(9);
			_exit(packets(find(kThen, kThen + kMinute)) == 1 ? 0 : 1);
		}
		int status = -1;
		EXPECT_EQ(waitpid(child, &status, 0), child);
		return status;
	};
	EXPECT_EQ(as_member(), 0);
	store_.reset();
	EXPECT_EQ(as_member(), 0) << "after the recorder ended";
	unlink((path() + "-wal").c_str());
	unlink((path() + "-shm").c_str());
}

TEST(TimeWords, AllForms) {
	setenv("TZ", "UTC", 1);
	tzset();
	const int64_t now = kThen + 5 * kMinute;
	EXPECT_EQ(parse_time("10m", now), now - 10 * kMinute);
	EXPECT_EQ(parse_time("2h", now), now - 120 * kMinute);
	EXPECT_EQ(parse_time("14:05", now), now);
	EXPECT_EQ(parse_time("14:04:30", now), now - 30 * kSecond);
	EXPECT_EQ(parse_time("14:06", now), now + kMinute - 24 * 60 * kMinute) << "yesterday";
	EXPECT_EQ(parse_time("2026-11-20 14:05", now), now);
	EXPECT_EQ(parse_time("2026-11-20", now), now - (14 * 60 + 5) * kMinute);
	EXPECT_EQ(parse_time("2026-11-01T00:00:00", now), int64_t{1793491200} * kSecond);
	for (const char *none : {"", "x", "25:00", "14:60", "14:5", "2026-13-01", "2026-11-31", "2026-11-20 ", "-5m",
	                         "0s", "2026-11-20 14:05x", "14:05:61", "1969-01-01"})
		EXPECT_EQ(parse_time(none, now), std::nullopt) << none;
}

TEST(FlowWordsTest, InNftsWords) {
	FlowWords f = tcp("192.0.2.7", 22);
	EXPECT_EQ(flow_words(f), "iif \"eth0\" ip saddr 192.0.2.7 ip daddr 192.0.2.1 tcp dport 22");
	f.protocol = IPPROTO_ICMP;
	f.port = 8 << 8;
	EXPECT_EQ(flow_words(f), "iif \"eth0\" ip saddr 192.0.2.7 ip daddr 192.0.2.1 icmp type echo-request");
	f.kind = ND_FLOW_IP;
	f.protocol = IPPROTO_UDP;
	f.port = 0;
	EXPECT_EQ(flow_words(f), "iif \"eth0\" ip saddr 192.0.2.7 ip daddr 192.0.2.1 ip protocol udp");
	f.kind = FlowWords::kOthers;
	EXPECT_EQ(flow_words(f), "others");
	f = {};
	f.kind = ND_FLOW_ARP | ND_FLOW_PORT;
	f.port = 1;
	f.oif = "br\"0";
	f.saddr = address("192.0.2.7");
	EXPECT_EQ(flow_words(f), "oif \"br\\\"0\" arp operation request arp saddr ip 192.0.2.7");
}

} // namespace
} // namespace nft_drops
