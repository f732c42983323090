// SPDX-License-Identifier: GPL-2.0-only
// Plans of the same function, traced and not.
#ifndef NFT_DROPS_TESTS_UNIT_JIT_SUPPORT_TRACED_H
#define NFT_DROPS_TESTS_UNIT_JIT_SUPPORT_TRACED_H

#include "jit/resolve/plan.h"

#include <cstring>
#include <gtest/gtest.h>
#include <string>

namespace nft_drops::jit_test {

inline void expect_same(const Result<jit::Plan> &plain, const Result<jit::Plan> &traced, const std::string &name) {
	ASSERT_TRUE(plain) << name << ": " << plain.error().message();
	ASSERT_TRUE(traced) << name << ": " << traced.error().message();
	ASSERT_EQ(plain->sites.size(), traced->sites.size()) << name;
	for (size_t i = 0; i < plain->sites.size(); i++) {
		EXPECT_EQ(plain->sites[i].address, traced->sites[i].address) << name;
		EXPECT_EQ(memcmp(&plain->sites[i].site, &traced->sites[i].site, sizeof(nd_site)), 0) << name;
	}
}

} // namespace nft_drops::jit_test

#endif
