// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/live/entry.h"

#include <gtest/gtest.h>

namespace nft_drops::jit_test {
namespace {

std::vector<jit::Symbol> symbols(std::initializer_list<const char *> names) {
	std::vector<jit::Symbol> all;
	uint64_t address = 0x1000;
	for (const char *name : names)
		all.push_back({name, "nf_tables", address += 0x100, 0x100});
	return all;
}

TEST(Entry, IsFoundAmongOthers) {
	const auto all = symbols({"nft_do_chain_ipv4", "nft_do_chain.cold", "nft_do_chain", "my_nft_do_chain"});
	const auto entry = jit::find_entry(all);
	ASSERT_TRUE(entry) << entry.error().message();
	EXPECT_EQ((*entry)->name, "nft_do_chain");
}

TEST(Entry, MayBeRenamedByALinkTimeOptimisation) {
	const auto all = symbols({"nft_do_chain_ipv4", "nft_do_chain.llvm.1234"});
	const auto entry = jit::find_entry(all);
	ASSERT_TRUE(entry) << entry.error().message();
	EXPECT_EQ((*entry)->name, "nft_do_chain.llvm.1234");
}

TEST(Entry, FurtherPiecesAreRefusedByName) {
	for (const char *piece :
	     {"nft_do_chain.constprop.0", "nft_do_chain.isra.0", "nft_do_chain.part.0", "nft_do_chain.llvm.99"}) {
		for (const auto &all : {symbols({"nft_do_chain", piece}), symbols({piece, "nft_do_chain"})}) {
			const auto entry = jit::find_entry(all);
			ASSERT_FALSE(entry) << piece;
			EXPECT_EQ(entry.error().exit_status(), 2);
		}
	}
	const auto all = symbols({"nft_do_chain", "nft_do_chain.constprop.0"});
	EXPECT_NE(jit::find_entry(all).error().why.find("nft_do_chain.constprop.0"), std::string::npos);
}

TEST(Entry, IsNotThere) {
	const auto all = symbols({"nft_do_chain_ipv4", "nft_do_chain.cold"});
	ASSERT_FALSE(jit::find_entry(all));
	EXPECT_EQ(jit::find_entry(all).error().exit_status(), 2);
}

} // namespace
} // namespace nft_drops::jit_test
