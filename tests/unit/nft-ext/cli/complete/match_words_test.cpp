// SPDX-License-Identifier: GPL-2.0-only
// tests/completion/test-match-words asks nft itself about all that is offered.
#include "nft-ext/cli/complete/match_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace nft_drops::complete {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;

std::vector<std::string> offered(const std::vector<std::string_view> &before, bool history = false) {
	std::vector<std::string> words;
	for (const Candidate &c : match_words(before, history))
		words.push_back(c.word);
	return words;
}

TEST(MatchWords, KeywordsWhereATermBegins) {
	EXPECT_THAT(offered({}), IsSupersetOf({"tcp", "ip", "ip6", "meta", "iifname", "ct", "exthdr", "vlan"}));
	const auto behind_a_value = offered({"tcp", "dport", "22"});
	EXPECT_EQ(behind_a_value, offered({}));
	EXPECT_EQ(offered({"tcp", "dport", "!=", "22"}), offered({}));
	EXPECT_EQ(offered({"tcp", "dport", "{", "22,", "443", "}"}), offered({}));
	EXPECT_EQ(offered({"tcp", "dport", "{22}"}), offered({}));
}

TEST(MatchWords, FieldsOfAHeader) {
	EXPECT_THAT(offered({"tcp"}), IsSupersetOf({"dport", "sport", "flags", "option"}));
	EXPECT_THAT(offered({"iifname", "lo", "ip"}), IsSupersetOf({"saddr", "protocol"}));
	EXPECT_THAT(offered({"ip"}), Not(Contains("dport")));
	// A term whose words begin another one.
	EXPECT_THAT(offered({"tcp", "option", "maxseg"}), ElementsAre("size", "exists", "missing"));
}

TEST(MatchWords, ValuesThatHaveNames) {
	EXPECT_THAT(offered({"ct", "state"}), IsSupersetOf({"invalid", "new", "!=", "{"}));
	EXPECT_THAT(offered({"ct", "state", "!="}), Contains("invalid"));
	EXPECT_THAT(offered({"ct", "state", "!="}), Not(Contains("!=")));
	EXPECT_THAT(offered({"iifname"}), Contains("!device"));
	EXPECT_THAT(offered({"icmp", "type", "{"}), Contains("echo-request"));
	EXPECT_THAT(offered({"icmp", "type", "{"}), Not(Contains("}")));
	EXPECT_THAT(offered({"icmp", "type", "{", "echo-request"}), Contains("}"));
	EXPECT_THAT(offered({"ip", "saddr"}), ElementsAre("!=", "{"));
}

TEST(MatchWords, WhatIsNotTakenIsNotOffered) {
	EXPECT_THAT(offered({"meta"}), Not(Contains("skuid")));
	EXPECT_THAT(offered({"ct"}), ElementsAre("state", "direction"));
	EXPECT_THAT(offered({}), Not(Contains("limit")));
	EXPECT_THAT(offered({}, true), Not(Contains("ct")));
	EXPECT_THAT(offered({"ip"}, true), ElementsAre("saddr", "daddr", "protocol"));
}

TEST(MatchWords, NothingWhereItIsNotUnderstood) {
	EXPECT_THAT(offered({"nonsense"}), IsEmpty());
	EXPECT_THAT(offered({"ip", "saddr", ".", "tcp"}), IsEmpty());
	EXPECT_THAT(offered({"meta", "mark", "&"}), IsEmpty());
}

} // namespace
} // namespace nft_drops::complete
