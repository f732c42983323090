// SPDX-License-Identifier: GPL-2.0-only
// Counting on kernels that have no lasting name for a network namespace: tests/vm knows which, and runs this there in
// place of count_test.cpp.
#include "running.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nft_drops::guest {
namespace {

using testing::HasSubstr;

TEST(NoCount, OneLineAndNothingLeft) {
	const Leftovers before = leftovers();
	for (const char *how : {" count start", " count status", " list ruleset --with-drop-counts --for 10s"}) {
		const Finished f = run({"sh", "-c", nft_drops() + how});
		EXPECT_EQ(f.status, 2) << how;
		EXPECT_THAT(f.err, HasSubstr("Linux 5.14 or later is needed"));
		EXPECT_EQ(lines_of(f.err).size(), 1U) << f.err;
		EXPECT_TRUE(become(before));
	}
}

} // namespace
} // namespace nft_drops::guest
