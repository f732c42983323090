// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/live/kprobes.h"

#include <gtest/gtest.h>

#include <array>

namespace nft_drops::jit {
namespace {

constexpr std::array<uint8_t, 4> kZeros{}, kBytes{0x8b, 0x44, 0x24, 0};

// Flagged as optimised, with a breakpoint yet: zeros are not the code's bytes.
TEST(Kprobes, BytesOfAJumpToComeAreNotSavedYet) {
	EXPECT_FALSE(holds_saved_bytes(false, kZeros));
	EXPECT_TRUE(holds_saved_bytes(false, kBytes)) << "the kernel is about to write the jump";
}

TEST(Kprobes, BytesBehindAJumpAreSaved) {
	EXPECT_TRUE(holds_saved_bytes(true, kBytes));
	EXPECT_TRUE(holds_saved_bytes(true, kZeros)) << "the code's own bytes may be zeros";
}

} // namespace
} // namespace nft_drops::jit
