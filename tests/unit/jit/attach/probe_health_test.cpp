// SPDX-License-Identifier: GPL-2.0-only
#include "jit/attach/probe_health.h"

#include <filesystem>
#include <gtest/gtest.h>

namespace nft_drops::jit_test {
namespace {

// As the kernel makes them below /sys/kernel/livepatch; attributes are files.
TEST(ProbeHealth, FindsALivePatchOfTheFunction) {
	std::string folder = "/tmp/unit_jit.XXXXXX";
	ASSERT_NE(mkdtemp(folder.data()), nullptr);
	EXPECT_FALSE(jit::is_live_patched(folder, "nft_do_chain"));
	std::filesystem::create_directories(folder + "/cve_1/vmlinux/nf_hook_slow,1");
	std::filesystem::create_directories(folder + "/cve_1/nf_tables/nft_do_chain_ipv4,1");
	EXPECT_FALSE(jit::is_live_patched(folder, "nft_do_chain"));
	std::filesystem::create_directories(folder + "/cve_2/nf_tables/nft_do_chain,1");
	EXPECT_TRUE(jit::is_live_patched(folder, "nft_do_chain"));
	std::filesystem::remove_all(folder);
	EXPECT_FALSE(jit::is_live_patched(folder, "nft_do_chain"));
}

} // namespace
} // namespace nft_drops::jit_test
