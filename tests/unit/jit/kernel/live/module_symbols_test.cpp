// SPDX-License-Identifier: GPL-2.0-only
// A module's table of symbols as the kernel keeps it (struct mod_kallsyms): Elf64_Sym and strings.
#include "jit/kernel/live/modules.h"

#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace nft_drops::jit_test {
namespace {

std::vector<uint8_t> table(std::initializer_list<Elf64_Sym> entries) {
	std::vector<uint8_t> bytes(entries.size() * sizeof(Elf64_Sym));
	memcpy(bytes.data(), std::data(entries), bytes.size());
	return bytes;
}

std::vector<uint8_t> strings(const std::string &text) {
	return {text.begin(), text.end()};
}

Elf64_Sym symbol(uint32_t name, uint64_t value, uint64_t size) {
	Elf64_Sym s{};
	s.st_name = name;
	s.st_value = value;
	s.st_size = size;
	return s;
}

TEST(ModuleSymbols, NamesAddressesAndSizes) {
	const auto found = jit::symbols_in(table({symbol(0, 0, 0), symbol(1, 0x1000, 0x60), symbol(5, 0x2000, 8)}),
	                                   strings(std::string("\0one\0two\0", 9)), "nf_tables");
	ASSERT_EQ(found.size(), 2U) << "the first one of every table has no address";
	EXPECT_EQ(found[0].name, "one");
	EXPECT_EQ(found[0].module, "nf_tables");
	EXPECT_EQ(found[0].address, 0x1000U);
	EXPECT_EQ(found[0].size, 0x60U);
	EXPECT_EQ(found[1].name, "two");
}

TEST(ModuleSymbols, NothingBeyondTheStrings) {
	const auto found = jit::symbols_in(table({symbol(1, 1, 1), symbol(4, 1, 1), symbol(UINT32_MAX, 1, 1)}),
	                                   strings(std::string("\0abc", 4)), "m");
	ASSERT_EQ(found.size(), 1U);
	EXPECT_EQ(found[0].name, "abc") << "without a NUL it ends with the strings";
	EXPECT_TRUE(jit::symbols_in(table({symbol(0, 1, 1)}), {}, "m").empty());
	EXPECT_TRUE(jit::symbols_in(strings("half an entry"), strings("x"), "m").empty());
}

} // namespace
} // namespace nft_drops::jit_test
