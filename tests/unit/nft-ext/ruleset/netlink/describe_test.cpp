// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/netlink/describe.h"
#include "nft-ext/ruleset/netlink/requests.h"

#include <gtest/gtest.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

namespace nft_drops {
namespace {

std::string words(const Requests &requests) {
	return describe_requests({requests.bytes().data(), requests.bytes().size()});
}

TEST(DescribeRequests, EachMessageOnALine) {
	Requests requests;
	requests.get_generation();
	requests.dump(NFT_MSG_GETTABLE);
	requests.get_table(NFPROTO_INET, "filter");
	requests.get_chain(NFPROTO_IPV4, "filter", "input");
	requests.get_set(NFPROTO_IPV6, "filter", "blocked");
	requests.get_rule(NFPROTO_ARP, "filter", "input", 7);
	requests.dump_rules(NFPROTO_BRIDGE, "filter", "");
	requests.add_nothing();
	EXPECT_EQ(words(requests), "get generation, all families\n"
	                           "get table (dump), all families\n"
	                           "get table, inet \"filter\"\n"
	                           "get chain, ip \"filter\" \"input\"\n"
	                           "get set, ip6 \"filter\" \"blocked\"\n"
	                           "get rule, arp \"filter\" \"input\" handle 7\n"
	                           "get rule (dump), bridge \"filter\"\n"
	                           "nothing, to be acknowledged\n");
}

// Whatever is sent, no byte behind it is read.
TEST(DescribeRequests, CutAnywhere) {
	Requests requests;
	requests.get_rule(NFPROTO_INET, "filter", "input", 7);
	for (size_t n = 0; n < requests.bytes().size(); n++) {
		const std::vector<char> cut(requests.bytes().begin(), requests.bytes().begin() + static_cast<long>(n));
		EXPECT_EQ(describe_requests(cut), "") << n;
	}
}

} // namespace
} // namespace nft_drops
