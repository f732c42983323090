// SPDX-License-Identifier: GPL-2.0-only
// What `--details` costs in the probe: nothing where nobody asks for it.
#include "jit/compile/compile.h"
#include "probe_world.h"

#include <gtest/gtest.h>

namespace nft_drops::jit_test {
namespace {

constexpr nd_field at(uint16_t offset, uint8_t size) {
	return {.offset = offset, .size = size, .shift = 0, .bits = 0, .pad = {}};
}

nd_site site() {
	return {.pkt = on_stack(0),
	        .rule = on_stack(0x100),
	        .base = on_stack(0x200),
	        .verdict = on_stack(0x304),
	        .retval = {},
	        .expr = {},
	        .stack = {},
	        .stack_pointer = kAtRsp,
	        .test = ND_TEST_NONE,
	        .cause = 0,
	        .index = 0};
}

std::vector<char> object_for(const nd_layout &layout, const nd_settings &settings) {
	const nd_site one = site();
	auto object = jit::compile_probe(layout, std::span(&one, 1), settings);
	EXPECT_TRUE(object.has_value()) << object.error().message();
	return object ? std::move(*object) : std::vector<char>();
}

TEST(Details, WithoutThemTheProbeIsTheSame) {
	const nd_layout plain = made_up_layout(Reads::kLoads);
	nd_layout full = plain;
	full.details = {.ct_status = at(8, 8),
	                .ct_mark = at(16, 4),
	                .sk_uid = at(24, 4),
	                .sk_cookie = at(32, 8),
	                .sk_socket = at(40, 8),
	                .socket_file = at(16, 8),
	                .file_inode = at(32, 8),
	                .inode_number = at(64, 8)};
	full.group.sk_state = at(18, 1);
	for (const nd_u32 path : {0U, 1U}) {
		nd_settings settings{};
		settings.path = path;
		const auto without = object_for(plain, settings);
		EXPECT_EQ(object_for(full, settings), without);
		settings.details = 1;
		settings.path = 1;
		EXPECT_GT(object_for(full, settings).size(), without.size());
	}
}

} // namespace
} // namespace nft_drops::jit_test
