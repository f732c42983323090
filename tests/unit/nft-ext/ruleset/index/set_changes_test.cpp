// SPDX-License-Identifier: GPL-2.0-only
// Messages are made with libnftnl, which is not what takes them apart.
#include "nft-ext/ruleset/index/set_changes.h"

#include <gtest/gtest.h>
#include <libnftnl/common.h>
#include <libnftnl/set.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <memory>
#include <string>
#include <vector>

namespace nft_drops {
namespace {

const SetChanges::Set kOne{NFPROTO_IPV4, "t", "one"};

void tell(SetChanges &changes, const SetChanges::Set &set, int type = NFT_MSG_NEWSETELEM) {
	const std::unique_ptr<nftnl_set, void (*)(const nftnl_set *)> made(nftnl_set_alloc(), nftnl_set_free);
	nftnl_set_set_str(made.get(), NFTNL_SET_TABLE, set.table.c_str());
	nftnl_set_set_str(made.get(), NFTNL_SET_NAME, set.name.c_str());
	std::vector<char> buffer(4096);
	nlmsghdr *message = nftnl_nlmsg_build_hdr(buffer.data(), static_cast<uint16_t>(type), set.family, 0, 0);
	message->nlmsg_type = static_cast<uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type);
	nftnl_set_elems_nlmsg_build_payload(message, made.get());
	changes.event(message);
}

TEST(SetChanges, EachSetHasItsOwn) {
	SetChanges changes;
	changes.begin(10);
	EXPECT_TRUE(changes.unchanged(kOne, 10));
	EXPECT_FALSE(changes.unchanged(kOne, 9)) << "nobody listened then";
	EXPECT_FALSE(changes.unchanged(kOne, 0)) << "the drop's generation is not known";
	tell(changes, kOne);
	changes.commit(12);
	EXPECT_FALSE(changes.unchanged(kOne, 11));
	EXPECT_TRUE(changes.unchanged(kOne, 12));
	for (const SetChanges::Set &other :
	     {SetChanges::Set{NFPROTO_IPV4, "t", "two"}, SetChanges::Set{NFPROTO_IPV4, "u", "one"},
	      SetChanges::Set{NFPROTO_IPV6, "t", "one"}})
		EXPECT_TRUE(changes.unchanged(other, 10)) << other.table << other.name;
	for (const int type : {NFT_MSG_DELSETELEM, NFT_MSG_NEWSET, NFT_MSG_DELSET}) {
		changes.begin(20);
		tell(changes, kOne, type);
		changes.commit(21);
		EXPECT_FALSE(changes.unchanged(kOne, 20)) << type;
	}
	changes.begin(30);
	tell(changes, kOne, NFT_MSG_NEWRULE);
	changes.commit(31);
	EXPECT_TRUE(changes.unchanged(kOne, 30));
}

TEST(SetChanges, TooManySetsCountAsChanged) {
	SetChanges changes;
	changes.begin(1);
	for (size_t i = 0; i <= SetChanges::kMostSets; i++)
		tell(changes, {NFPROTO_IPV4, "t", std::to_string(i)});
	changes.commit(2);
	EXPECT_FALSE(changes.unchanged(kOne, 1));
	EXPECT_TRUE(changes.unchanged(kOne, 2));
}

// One set with 100,000 new elements is one change.
TEST(SetChanges, ManyElementsOfOneSet) {
	SetChanges changes;
	changes.begin(1);
	for (int i = 0; i < 100'000; i++)
		tell(changes, kOne);
	changes.commit(2);
	EXPECT_FALSE(changes.unchanged(kOne, 1));
	EXPECT_TRUE(changes.unchanged({NFPROTO_IPV4, "t", "two"}, 1));
}

} // namespace
} // namespace nft_drops
