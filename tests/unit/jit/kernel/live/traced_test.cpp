// SPDX-License-Identifier: GPL-2.0-only
// While somebody traces nft_do_chain, ftrace calls from where the compiler left nops at its entry. That changes
// nothing.
#include "traced.h"

#include "fixtures.h"
#include "jit/resolve/plan.h"

#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>

namespace nft_drops::jit_test {
namespace {

constexpr uint8_t kEndbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};
constexpr size_t kNops = 5; // see flags_3 and flags_5 in CMakeLists.txt
constexpr uint8_t kNop = 0x90;
constexpr uint8_t kCall = 0xe8;

TEST(Traced, X86CodeHasTheSamePlan) {
	int with_endbr = 0, without = 0;
	for (const Fixture &f : all_fixtures()) {
		jit::Image image = image_of(f);
		auto &bytes = image.ranges.front().bytes;
		const bool endbr = std::equal(std::begin(kEndbr64), std::end(kEndbr64), bytes.begin());
		const size_t at = endbr ? sizeof(kEndbr64) : 0;
		if (std::count(bytes.begin() + static_cast<ptrdiff_t>(at),
		               bytes.begin() + static_cast<ptrdiff_t>(at + kNops), kNop) != kNops)
			continue;
		(endbr ? with_endbr : without)++;
		const auto plain = jit::resolve(image, layout_of(f));
		const int32_t far_away = -0x100000;
		bytes[at] = kCall;
		memcpy(&bytes[at + 1], &far_away, sizeof(far_away));
		expect_same(plain, jit::resolve(image, layout_of(f)), f.name);
	}
	EXPECT_GE(with_endbr, 5);
	EXPECT_GE(without, 5);
}

} // namespace
} // namespace nft_drops::jit_test
