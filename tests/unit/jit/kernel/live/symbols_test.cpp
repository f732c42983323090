// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/live/symbols.h"
#include "temporary_file.h"

#include <array>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <map>

namespace nft_drops::jit_test {
namespace {

constexpr std::array<std::string_view, 2> kWanted = {"nft_do_chain", "nf_tables_net_id"};

std::map<std::string, jit::Symbol> read(std::string_view text) {
	const TemporaryFile file(text);
	auto symbols = jit::read_symbols(kWanted, file.path());
	EXPECT_TRUE(symbols.has_value()) << symbols.error().message();
	std::map<std::string, jit::Symbol> by_name;
	for (jit::Symbol &s : *symbols) {
		const std::string name = s.name;
		EXPECT_TRUE(by_name.emplace(name, std::move(s)).second) << name << " twice";
	}
	return by_name;
}

TEST(Symbols, ModulesPartsAndSizes) {
	const auto s = read("ffffffff81000000 T _stext\n"
	                    "ffffffff81f653d0 T vmlinux_function\n"
	                    "ffffffffc0a01000 t nft_do_chain_inet\t[nf_tables]\n"
	                    "ffffffffc0a010d0 T nft_do_chain\t[nf_tables]\n"
	                    "ffffffffc0a01700 t nft_counters\t[nf_tables]\n"
	                    "ffffffffc0a09020 t nft_do_chain.cold\t[nf_tables]\n"
	                    "ffffffffc0a09080 t nft_do_chain.part.0\t[nf_tables]\n"
	                    "ffffffffc0a090a0 t my_nft_do_chain\t[nf_tables]\n"
	                    "ffffffffc0a0b000 d nf_tables_net_id\t[nf_tables]\n");
	ASSERT_EQ(s.size(), 4U);
	EXPECT_EQ(s.at("nft_do_chain").address, 0xffffffffc0a010d0);
	EXPECT_EQ(s.at("nft_do_chain").size, 0x630U);
	EXPECT_EQ(s.at("nft_do_chain").module, "nf_tables");
	EXPECT_EQ(s.at("nft_do_chain.cold").size, 0x60U);
	EXPECT_EQ(s.at("nft_do_chain.part.0").size, 0x20U);
	EXPECT_EQ(s.at("nf_tables_net_id").size, 0U) << "the last one's end is not known";
}

TEST(Symbols, BuiltInHaveNoModule) {
	const auto s = read("ffffffff81f653d0 T nft_do_chain\nffffffff81f659e0 T next\n");
	EXPECT_EQ(s.at("nft_do_chain").module, "");
	EXPECT_EQ(s.at("nft_do_chain").size, 0x610U);
}

// The table is sorted for the core kernel only, and several names may share an address.
TEST(Symbols, OrderAndAliasesDoNotMatter) {
	const auto s = read("ffffffffc0a01700 t behind\t[nf_tables]\n"
	                    "ffffffffc0a010d0 t alias_of_it\t[nf_tables]\n"
	                    "ffffffffc0a010d0 T nft_do_chain\t[nf_tables]\n"
	                    "ffffffffc0a01900 t further\t[nf_tables]\n"
	                    "ffffffffc0a00000 t before\t[nf_tables]\n");
	EXPECT_EQ(s.at("nft_do_chain").size, 0x630U);
}

TEST(Symbols, HiddenAddressesAreAnError) {
	const TemporaryFile file("0000000000000000 T nft_do_chain\t[nf_tables]\n0000000000000000 T next\n");
	const auto s = jit::read_symbols(kWanted, file.path());
	ASSERT_FALSE(s.has_value());
	EXPECT_EQ(s.error().blame, Blame::kMachine);
	EXPECT_NE(s.error().message().find("kptr_restrict"), std::string::npos);
	EXPECT_EQ(s.error().message().find('\n'), std::string::npos);
}

TEST(Symbols, AnEmptyTableIsAnError) {
	const TemporaryFile file("");
	EXPECT_FALSE(jit::read_symbols(kWanted, file.path()).has_value());
}

TEST(Symbols, AMissingFileIsAnError) {
	const auto s = jit::read_symbols(kWanted, "/nonexistent/kallsyms");
	ASSERT_FALSE(s.has_value());
	EXPECT_EQ(s.error().blame, Blame::kMachine);
	EXPECT_NE(s.error().message().find("/nonexistent/kallsyms"), std::string::npos);
}

TEST(Symbols, NoneFoundIsNoError) {
	EXPECT_TRUE(read("ffffffff81000000 T _stext\n").empty());
}

TEST(Symbols, LinesThatAreNoneAreSkipped) {
	const auto s = read("\n"
	                    "rubbish\n"
	                    "ffffffff81000000\n"
	                    "ffffffff81000000 \n"
	                    "ffffffff81000000 T\n"
	                    "ffffffff81000000 T \n"
	                    "zzzz T nft_do_chain\n"
	                    "ffffffff81f653d0 T nft_do_chain\t[\n"
	                    "ffffffff81f659e0 T next\n");
	EXPECT_EQ(s.at("nft_do_chain").address, 0xffffffff81f653d0);
	EXPECT_EQ(s.at("nft_do_chain").size, 0x610U);
}

// The file is read in pieces.
TEST(Symbols, LongTables) {
	std::string text;
	for (uint64_t i = 0; i < 60'000; i++) {
		const bool ours = i == 31'415;
		text += fmt::format("{:016x} t {}\t[nf_tables]\n", 0xffffffffc0000000 + 32 * i,
		                    ours ? "nft_do_chain" : fmt::format("some_function_{}", i));
	}
	const auto s = read(text);
	ASSERT_EQ(s.size(), 1U);
	EXPECT_EQ(s.at("nft_do_chain").address, 0xffffffffc0000000 + 32 * 31'415);
	EXPECT_EQ(s.at("nft_do_chain").size, 32U);
}

TEST(Symbols, AnEndlessLineDoesNoHarm) {
	const auto s =
	        read("ffffffff81000000 T " + std::string(1'000'000, 'x') + "\nffffffff81f653d0 T nft_do_chain\n");
	EXPECT_EQ(s.at("nft_do_chain").address, 0xffffffff81f653d0);
}

TEST(Symbols, DescribesAddresses) {
	const TemporaryFile file("ffffffff81000000 T first\n"
	                         "ffffffff81000400 T second\n"
	                         "ffffffff81000200 T between\n");
	const std::array<uint64_t, 4> addresses = {0xffffffff81000400, 0xffffffff810002f0, 0xffffffff80000000,
	                                           0xffffffff81000410};
	const std::vector<std::string> text = jit::describe_addresses(addresses, file.path());
	EXPECT_EQ(text, (std::vector<std::string>{"second", "between+0xf0", "", "second+0x10"}));
}

} // namespace
} // namespace nft_drops::jit_test
