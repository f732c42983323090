// SPDX-License-Identifier: GPL-2.0-only
// Elements as nft prints them (1.0.6, `nft list set`).
#include "nft-ext/ruleset/details/details.h"
#include "nft-ext/ruleset/details/set_element.h"

#include <gtest/gtest.h>
#include <linux/netfilter/nf_tables.h>

namespace nft_drops {
namespace {

// enum datatypes of nft
constexpr uint32_t kIp = 7, kIp6 = 8, kEther = 9, kProtocol = 12, kService = 13, kMark = 19, kIfname = 41;

std::string words(uint32_t type, std::vector<uint8_t> first, std::vector<uint8_t> last = {}, uint32_t flags = 0) {
	SetElement element;
	element.first = std::move(first);
	element.last = std::move(last);
	return words_of_key({.flags = flags, .key_type = type, .key_length = element.first.size(), .parts = {}},
	                    element)
	        .value_or("?");
}

TEST(ElementWords, OfEachType) {
	EXPECT_EQ(words(kIp, {10, 0, 0, 1}), "10.0.0.1");
	EXPECT_EQ(words(kIp6, {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}), "2001:db8::1");
	EXPECT_EQ(words(kEther, {2, 0, 0, 0, 0, 0xab}), "02:00:00:00:00:ab");
	EXPECT_EQ(words(kProtocol, {6}), "tcp");
	EXPECT_EQ(words(kProtocol, {253}), "253");
	EXPECT_EQ(words(kService, {0x1f, 0x90}), "8080");
	EXPECT_EQ(words(kMark, {1, 0, 0, 0}), "0x00000001");
	EXPECT_EQ(words(kMark, {0, 0, 0, 1}, {0, 0, 0, 9}, NFT_SET_INTERVAL), "0x00000001-0x00000009");
	EXPECT_EQ(words(kIfname, {'e', 't', 'h', '0', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}), "\"eth0\"");
	EXPECT_EQ(words(30, {1}), "?") << "a type without words is no guess";
	EXPECT_EQ(words(kIp, {1, 2}), "?") << "a key of another length";
}

TEST(ElementWords, Intervals) {
	EXPECT_EQ(words(kIp, {203, 0, 113, 0}, {203, 0, 113, 255}, NFT_SET_INTERVAL), "203.0.113.0/24");
	EXPECT_EQ(words(kIp, {10, 0, 0, 1}, {10, 0, 0, 9}, NFT_SET_INTERVAL), "10.0.0.1-10.0.0.9");
	EXPECT_EQ(words(kIp, {10, 0, 0, 1}, {10, 0, 0, 1}, NFT_SET_INTERVAL), "10.0.0.1");
	EXPECT_EQ(words(kIp, {0, 0, 0, 0}, {255, 255, 255, 255}, NFT_SET_INTERVAL), "0.0.0.0/0");
	EXPECT_EQ(words(kService, {0, 80}, {0, 90}, NFT_SET_INTERVAL), "80-90");
}

TEST(ElementWords, Concatenations) {
	constexpr uint32_t kType = kIp << 12 | kProtocol << 6 | kService;
	EXPECT_EQ(words(kType, {10, 0, 0, 1, 6, 0, 0, 0, 0, 80, 0, 0}), "10.0.0.1 . tcp . 80");
	EXPECT_EQ(words(kType, {10, 0, 0, 0, 6, 0, 0, 0, 0, 80, 0, 0}, {10, 0, 0, 255, 6, 0, 0, 0, 0, 90, 0, 0},
	                NFT_SET_INTERVAL | NFT_SET_CONCAT),
	          "10.0.0.0/24 . tcp . 80-90");
	EXPECT_EQ(words(kType, {10, 0, 0, 1, 6}), "?");
}

TEST(ElementWords, Verdicts) {
	SetElement element;
	EXPECT_EQ(words_of_verdict(element), "");
	element.has_verdict = true;
	EXPECT_EQ(words_of_verdict(element), "drop");
	element.verdict = NFT_GOTO;
	element.chain = "reject-chain";
	EXPECT_EQ(words_of_verdict(element), "goto reject-chain");
	element.verdict = NFT_JUMP;
	EXPECT_EQ(words_of_verdict(element), "jump reject-chain");
}

TEST(ElementWords, Times) {
	EXPECT_EQ(words_of_time(3600000), "1h");
	EXPECT_EQ(words_of_time(3590940), "59m50s940ms");
	EXPECT_EQ(words_of_time(90000000), "1d1h");
	EXPECT_EQ(words_of_time(0), "0s");
}

} // namespace
} // namespace nft_drops
