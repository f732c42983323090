// SPDX-License-Identifier: GPL-2.0-only
#include "jit/base/time_namespace.h"
#include "temporary_file.h"

#include <gtest/gtest.h>

namespace nft_drops::jit_test {
namespace {

using namespace std::chrono_literals;

TEST(TimeNamespace, OffsetOfTheMonotonicClock) {
	const TemporaryFile file("monotonic           -3       500\nboottime             7         0\n");
	EXPECT_EQ(jit::monotonic_offset(file.path()), -3s + 500ns);
	const TemporaryFile old("7 1 0\n1 86400 0\n");
	EXPECT_EQ(jit::monotonic_offset(old.path()), 24h);
	EXPECT_EQ(jit::monotonic_offset("/nonexistent"), 0ns);
	const TemporaryFile rubbish("monotonic x y\n");
	EXPECT_EQ(jit::monotonic_offset(rubbish.path()), 0ns);
}

} // namespace
} // namespace nft_drops::jit_test
