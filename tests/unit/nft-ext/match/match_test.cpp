// SPDX-License-Identifier: GPL-2.0-only
// Matches by the nft and the kernel of this machine; skipped where it lets nobody make network namespaces.
#include "nft-ext/match/match.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <unistd.h>

using namespace nft_drops;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

namespace {

class ReadMatch : public testing::Test {
protected:
	void SetUp() override {
		const auto simple = read_match("meta mark 1", -1);
		if (!simple && simple.error().text.empty()) GTEST_SKIP() << simple.error().error.message();
	}
	static std::vector<uint8_t> families(const Match &match) {
		std::vector<uint8_t> all;
		for (const jit::FamilyMatch &f : match.families)
			all.push_back(f.family);
		std::ranges::sort(all);
		return all;
	}
};

TEST_F(ReadMatch, EachFamilyThatTakesItHasItsProgram) {
	const auto match = read_match("tcp dport 22", -1);
	ASSERT_TRUE(match) << match.error().text;
	EXPECT_THAT(families(*match),
	            ElementsAre(NFPROTO_INET, NFPROTO_IPV4, NFPROTO_NETDEV, NFPROTO_BRIDGE, NFPROTO_IPV6));
	EXPECT_THAT(match->without, ElementsAre("arp"));
	const auto ip = std::ranges::find(match->families, NFPROTO_IPV4, &jit::FamilyMatch::family);
	// [ meta load l4proto ] [ cmp eq 6 ] [ payload load 2b @ transport header + 2 ] [ cmp eq 22 ]
	ASSERT_EQ(ip->program.size(), 4U);
	EXPECT_EQ(std::get<jit::MatchMeta>(ip->program[0]).key, uint32_t{NFT_META_L4PROTO});
	EXPECT_THAT(std::get<jit::MatchCompare>(ip->program[1]).value, ElementsAre(6));
	const auto &payload = std::get<jit::MatchPayload>(ip->program[2]);
	EXPECT_EQ(payload.base, uint32_t{NFT_PAYLOAD_TRANSPORT_HEADER});
	EXPECT_EQ(payload.offset, 2U);
	EXPECT_EQ(payload.length, 2U);
	const auto &port = std::get<jit::MatchCompare>(ip->program[3]);
	EXPECT_EQ(port.from, payload.to);
	EXPECT_THAT(port.value, ElementsAre(0, 22));
}

TEST_F(ReadMatch, SetsComeWithTheirElements) {
	const auto match = read_match("ip saddr != { 10.0.0.0/8, 192.0.2.1 } udp dport { 53, 123 }", -1);
	ASSERT_TRUE(match) << match.error().text;
	std::vector<jit::MatchLookup> lookups;
	for (const jit::MatchOperation &op : match->families.front().program)
		if (const auto *lookup = std::get_if<jit::MatchLookup>(&op)) lookups.push_back(*lookup);
	ASSERT_EQ(lookups.size(), 2U);
	EXPECT_TRUE(lookups[0].outside);
	ASSERT_EQ(lookups[0].elements.size(), 2U);
	EXPECT_THAT(lookups[0].elements[0][0].lower, ElementsAre(10, 0, 0, 0));
	EXPECT_THAT(lookups[0].elements[0][0].upper, ElementsAre(10, 255, 255, 255));
	EXPECT_THAT(lookups[0].elements[1][0].upper, ElementsAre(192, 0, 2, 1));
	EXPECT_FALSE(lookups[1].outside);
	EXPECT_EQ(lookups[1].elements.size(), 2U);
}

TEST_F(ReadMatch, ConcatenationsKeepTheirFields) {
	const auto match = read_match("ip saddr . tcp dport { 10.0.0.0/8 . 1-1023, 1.2.3.4 . 8080 }", -1);
	ASSERT_TRUE(match) << match.error().text;
	const auto &program = match->families.front().program;
	const auto &lookup = std::get<jit::MatchLookup>(program.back());
	ASSERT_EQ(lookup.elements.size(), 2U);
	const auto &wide = lookup.elements[0].at(1).lower != lookup.elements[0].at(1).upper ? lookup.elements[0]
	                                                                                    : lookup.elements[1];
	EXPECT_THAT(wide[0].lower, ElementsAre(10, 0, 0, 0));
	EXPECT_THAT(wide[0].upper, ElementsAre(10, 255, 255, 255));
	EXPECT_THAT(wide[1].lower, ElementsAre(0, 1));
	EXPECT_THAT(wide[1].upper, ElementsAre(3, 255));
}

TEST_F(ReadMatch, NamesOfInterfacesAreThoseOfTheNamespace) {
	EXPECT_TRUE(read_match("iifname \"eth*\" oifname \"lo\"", -1));
	if (geteuid() != 0) GTEST_SKIP() << "needs root";
	const auto match = read_match("iif \"lo\"", -1);
	ASSERT_TRUE(match) << match.error().text;
	EXPECT_THAT(std::get<jit::MatchCompare>(match->families.front().program[1]).value, ElementsAre(1, 0, 0, 0));
}

TEST_F(ReadMatch, NftsMessageIsAboutTheUsersWords) {
	const auto match = read_match("tcp dprot 22", -1);
	ASSERT_FALSE(match);
	EXPECT_THAT(match.error().text, HasSubstr("\ntcp dprot 22\n    ^^^^^\n"));
	EXPECT_THAT(match.error().text, StartsWith("Error: syntax error"));
}

// 60 that nobody may take for a match: nft's message or ours, and a place or a name in it.
TEST_F(ReadMatch, BadOnesAreRefused) {
	std::string many = "tcp dport 1";
	for (int i = 0; i < 100000; i++)
		many += " tcp dport 1";
	const std::vector<std::string> bad = {
	        "",
	        "   ",
	        ";",
	        "tcp dport 22; accept",
	        "tcp dport 22\nadd rule inet m c drop",
	        "tcp dport 22 } ",
	        "tcp dport { 22",
	        "tcp dport",
	        "tcp",
	        "dport 22",
	        "tcp dprot 22",
	        "tcp dport 65536",
	        "tcp dport -1",
	        "tcp dport 33-22",
	        "tcp dport nosuchservice",
	        "ip saddr 300.1.1.1",
	        "ip saddr 10.0.0.0/33",
	        "ip6 saddr 10.0.0.1",
	        "ip saddr nosuch.host.invalid",
	        "iif nosuchdevice",
	        "meta nosuchkey 1",
	        "ct state nosuchstate",
	        "ether saddr 1:2:3",
	        "vlan id 5000",
	        "@th,16",
	        "@xx,0,8 1",
	        "ip saddr 1.2.3.4 ip6 saddr ::1",
	        "drop",
	        "accept",
	        "tcp dport 22 drop",
	        "tcp dport 22 accept",
	        "tcp dport 22 continue",
	        "tcp dport 22 return",
	        "tcp dport 22 jump c",
	        "tcp dport 22 goto c",
	        "tcp dport 22 reject",
	        "tcp dport 22 counter",
	        "counter",
	        "tcp dport 22 log",
	        "log prefix \"x\"",
	        "tcp dport 22 limit rate 1/second",
	        "quota over 100 mbytes",
	        "numgen random mod 2 0",
	        "fib saddr type local",
	        "ct count over 3",
	        "socket transparent 1",
	        "meta mark set 1",
	        "ct mark set 1",
	        "ip dscp set 1",
	        "tcp dport 22 comment \"x\"",
	        "tcp dport vmap { 22 : accept }",
	        "meta mark tcp dport map { 22 : 1 }",
	        "ip saddr @blocked",
	        "ip saddr @thieves",
	        "tcp dport $port",
	        "include \"/etc/passwd\"",
	        "tcp dport 22 # comment",
	        "iifname \"unclosed",
	        "add @s { ip saddr }",
	        "queue num 1",
	        "dup to 1.2.3.4",
	        "notrack",
	        many,
	};
	EXPECT_GE(bad.size(), 60U);
	for (const std::string &words : bad) {
		const auto match = read_match(words, -1);
		EXPECT_FALSE(match) << words.substr(0, 60);
		if (match) continue;
		EXPECT_THAT(match.error().text, StartsWith("Error: ")) << words.substr(0, 60);
		EXPECT_THAT(match.error().text, testing::Not(HasSubstr("add rule inet m c tcp")))
		        << words.substr(0, 60);
		EXPECT_EQ(match.error().text.back(), '\n');
	}
}

TEST_F(ReadMatch, RefusedByName) {
	for (const auto &[words, name] :
	     std::vector<std::pair<std::string, std::string>>{{"tcp dport 22 drop", "drop"},
	                                                      {"tcp dport 22 limit rate 1/second", "limit"},
	                                                      {"meta mark 1 counter", "counter"},
	                                                      {"fib saddr type local", "fib"},
	                                                      {"tcp dport 22 comment \"x\"", "comment"},
	                                                      {"meta time > \"2020-01-01\"", "time"}}) {
		const auto match = read_match(words, -1);
		ASSERT_FALSE(match) << words;
		EXPECT_THAT(match.error().text, StartsWith("Error: " + name)) << words;
		const std::string marks =
		        "\n" + std::string(words.find(name), ' ') + std::string(name.size(), '^') + "\n";
		EXPECT_THAT(match.error().text, HasSubstr(marks)) << words;
	}
}

} // namespace
