// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/netlink/links.h"

#include <gtest/gtest.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <array>

namespace nft_drops {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

bool tell(Links &links, uint16_t type, int index, const char *name, uint64_t now) {
	alignas(nlmsghdr) std::array<char, 256> buffer{};
	nlmsghdr *message = mnl_nlmsg_put_header(buffer.data());
	message->nlmsg_type = type;
	static_cast<ifinfomsg *>(mnl_nlmsg_put_extra_header(message, sizeof(ifinfomsg)))->ifi_index = index;
	mnl_attr_put_strz(message, IFLA_IFNAME, name);
	return links.event(message, now);
}

TEST(Links, OnlyNamesCount) {
	Links links;
	EXPECT_TRUE(tell(links, RTM_NEWLINK, 2, "eth0", 10 * kSecond));
	EXPECT_FALSE(tell(links, RTM_NEWLINK, 2, "eth0", 20 * kSecond)) << "carrier, statistics";
	EXPECT_TRUE(tell(links, RTM_NEWLINK, 2, "wan0", 30 * kSecond));
	EXPECT_TRUE(tell(links, RTM_DELLINK, 2, "wan0", 40 * kSecond));
	EXPECT_FALSE(links.changed_between(15 * kSecond, 25 * kSecond));
	EXPECT_TRUE(links.changed_between(25 * kSecond, 35 * kSecond));
	EXPECT_TRUE(links.changed_between(35 * kSecond, 25 * kSecond));
	EXPECT_FALSE(links.changed_between(41 * kSecond, 99 * kSecond));
	EXPECT_TRUE(links.changed_between(39 * kSecond, 99 * kSecond));
}

TEST(Links, LostMessagesMayHaveBeenAnything) {
	Links links;
	links.lost(10 * kSecond);
	EXPECT_TRUE(links.changed_between(9 * kSecond, 11 * kSecond));
	EXPECT_FALSE(links.changed_between(11 * kSecond, 12 * kSecond));
}

TEST(Links, ForgottenChangesCount) {
	Links links;
	for (uint64_t i = 1; i <= 2000; i++)
		links.lost(i * kSecond);
	EXPECT_TRUE(links.changed_between(1, 2));
	EXPECT_FALSE(links.changed_between(2001 * kSecond, 2002 * kSecond));
}

} // namespace
} // namespace nft_drops
