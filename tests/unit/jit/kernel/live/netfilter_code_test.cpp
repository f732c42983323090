// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/live/netfilter_code.h"
#include "temporary_file.h"

#include <algorithm>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace nft_drops::jit_test {
namespace {

bool holds(const std::vector<nd_code_range> &ranges, uint64_t return_address) {
	return std::ranges::any_of(
	        ranges, [&](const nd_code_range &r) { return return_address >= r.begin && return_address < r.end; });
}

TEST(NetfilterCode, DropsButNoNetlinkMessages) {
	const TemporaryFile file("ffffffff81000000 T nf_hook_slow\n"
	                         "ffffffff81000100 T nf_queue\n"
	                         "ffffffff81000200 T nf_queue_nf_hook_drop\n"
	                         "ffffffff81000300 d nf_queue\n"
	                         "ffffffffc0000000 t nfqnl_enqueue_packet\t[nfnetlink_queue]\n"
	                         "ffffffffc0000100 t __nfqnl_enqueue_packet.isra.0\t[nfnetlink_queue]\n"
	                         "ffffffffc0000200 t nfqnl_recv_verdict\t[nfnetlink_queue]\n"
	                         "ffffffffc0000300 t nfnetlink_rcv_batch\t[nfnetlink]\n"
	                         "ffffffffc0000400 t br_nf_pre_routing_finish_bridge\t[br_netfilter]\n"
	                         "ffffffffc0000500 t br_handle_frame_finish\t[bridge]\n"
	                         "ffffffffc0000600 t ip_vs_tunnel_xmit\t[ip_vs]\n"
	                         "ffffffffc0000700 t ip_vs_genl_dump\t[ip_vs]\n"
	                         "ffffffffc0000800 t end\t[ip_vs]\n");
	const auto ranges = jit::netfilter_code_in(file.path());
	for (const uint64_t inside :
	     {0xffffffff81000050, 0xffffffff81000150, 0xffffffffc0000250, 0xffffffffc0000450, 0xffffffffc0000650})
		EXPECT_TRUE(holds(ranges, inside)) << std::hex << inside;
	for (const uint64_t outside : {0xffffffff81000250, 0xffffffff81000350, 0xffffffffc0000050, 0xffffffffc0000150,
	                               0xffffffffc0000350, 0xffffffffc0000550, 0xffffffffc0000750})
		EXPECT_FALSE(holds(ranges, outside)) << std::hex << outside;
	// Behind a call that ends the function, and in front of all of it.
	EXPECT_TRUE(holds(ranges, 0xffffffff81000200));
	EXPECT_FALSE(holds(ranges, 0xffffffffc0000200));
	EXPECT_EQ(ranges.size(), 4U) << "neighbours are one range";
}

TEST(NetfilterCode, NoMoreThanThereIsRoomFor) {
	std::string text;
	for (int i = 0; i < 100; i++)
		text += fmt::format(
		        "ffffffffc0{:02x}0000 t ip_vs_{}_xmit\t[ip_vs]\nffffffffc0{:02x}0010 t other\t[ip_vs]\n", i, i,
		        i);
	const TemporaryFile file(text);
	EXPECT_EQ(jit::netfilter_code_in(file.path()).size(), size_t{ND_NETFILTER_RANGES});
}

TEST(NetfilterCode, WithoutATableNothing) {
	EXPECT_TRUE(jit::netfilter_code_in("/nonexistent").empty());
}

} // namespace
} // namespace nft_drops::jit_test
