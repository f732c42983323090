// SPDX-License-Identifier: GPL-2.0-only
// What `--details` costs in the probe: nothing where nobody asks for it.
#include "bpf/objects.h"
#include "jit/compile/compile.h"
#include "probe_world.h"

#include <gtest/gtest.h>

namespace nft_drops::jit_test {
namespace {

std::vector<char> object_for(const nd_layout &layout, const nd_settings &settings) {
	const nd_site one = site_on_stack();
	auto object = jit::compile_probe(layout, std::span(&one, 1), settings, bpf::probe_bitcode(layout, settings));
	EXPECT_TRUE(object.has_value()) << object.error().message();
	return object ? std::move(*object) : std::vector<char>();
}

TEST(Details, WithoutThemTheProbeIsTheSame) {
	const nd_layout plain = made_up_layout(Reads::kLoads);
	nd_layout full = plain;
	full.details = {.ct_status = field_at(8, 8),
	                .ct_mark = field_at(16, 4),
	                .sk_uid = field_at(24, 4),
	                .sk_cookie = field_at(32, 8),
	                .sk_socket = field_at(40, 8),
	                .socket_file = field_at(16, 8),
	                .file_inode = field_at(32, 8),
	                .inode_number = field_at(64, 8)};
	full.group.sk_state = field_at(18, 1);
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
