// SPDX-License-Identifier: GPL-2.0-only
// How SQLite finds what is asked: by the rows' keys, as EXPLAIN QUERY PLAN tells.
#include "nft-ext/history/flow_query.h"

#include "nft-ext/history/database.h"
#include "nft-ext/history/schema.h"
#include "temporary_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
// In front of the kernel's headers, which then leave out what both define.
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace nft_drops {
namespace {

using testing::Each;
using testing::EndsWith;
using testing::SizeIs;
using testing::StartsWith;

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kThen = int64_t{1795183200} * kSecond; // 2026-11-20 14:00:00 UTC

class FlowQuery : public testing::Test {
protected:
	void SetUp() override {
		auto opened = Database::open(folder_.path + "/drops.db", Database::Mode::kWrite);
		ASSERT_TRUE(opened) << opened.error().message();
		database_.emplace(std::move(*opened));
		ASSERT_TRUE(database_->run(kSchema));
		query_.since = kThen;
		query_.until = kThen + 600 * kSecond;
	}
	// "tcp dport 443" in a table of family inet.
	void match_port() {
		auto made = RowMatch::make(
		        {{NFPROTO_INET,
		          {jit::MatchMeta{NFT_META_L4PROTO, 4}, jit::MatchCompare{4, NFT_CMP_EQ, {IPPROTO_TCP}},
		           jit::MatchPayload{NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, 4},
		           jit::MatchCompare{4, NFT_CMP_EQ, {443 >> 8, 443 & 0xff}}}}});
		ASSERT_TRUE(made) << made.error().message();
		match_ = std::move(*made);
		ASSERT_EQ(match_.port(), 443);
		query_.match = &match_;
	}
	// How each of the two tables of rows is read.
	std::vector<std::string> plan(size_t culprits = 20) {
		std::unordered_map<int64_t, CulpritWords> selected;
		for (size_t i = 1; i <= culprits; i++)
			selected.emplace(static_cast<int64_t>(i), CulpritWords{});
		auto explained = database_->prepare("EXPLAIN QUERY PLAN " + flow_query(query_, selected));
		EXPECT_TRUE(explained) << explained.error().message();
		std::vector<std::string> steps;
		while (explained) {
			auto row = explained->step();
			EXPECT_TRUE(row);
			if (!row || !*row) break;
			const std::string step = explained->text(3);
			if (step.find(" minute") != std::string::npos || step.find(" hour") != std::string::npos)
				steps.push_back(step);
		}
		EXPECT_THAT(steps, SizeIs(2));
		return steps;
	}

	TemporaryFolder folder_;
	std::optional<Database> database_;
	HistoryQuery query_;
	RowMatch match_;
};

TEST_F(FlowQuery, SeeksTheTimeAndReadsNoOther) {
	EXPECT_THAT(plan(), Each(StartsWith("SEARCH ")));
	EXPECT_THAT(plan(), Each(EndsWith(" USING PRIMARY KEY (bucket>? AND bucket<?)")));
}

TEST_F(FlowQuery, SeeksAPortOfEachCulprit) {
	match_port();
	EXPECT_THAT(plan(), Each(EndsWith(" USING PRIMARY KEY (bucket=? AND culprit=? AND port=?)")));
	query_.table = "filter";
	EXPECT_THAT(plan(), Each(EndsWith(" USING PRIMARY KEY (bucket=? AND culprit=? AND port=?)")));
}

// More culprits than reading the time is worth seeking.
TEST_F(FlowQuery, ReadsTheTimeWhereThereAreTooManyCulprits) {
	match_port();
	EXPECT_THAT(plan(200'000), Each(EndsWith(" USING PRIMARY KEY (bucket>? AND bucket<?)")));
}

} // namespace
} // namespace nft_drops
