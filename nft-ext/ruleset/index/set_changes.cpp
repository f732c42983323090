// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/index/set_changes.h"

#include "nft-ext/ruleset/index/history.h"
#include "nft-ext/ruleset/netlink/attributes.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <utility>

namespace nft_drops {

void SetChanges::begin(uint32_t generation) {
	changed_.clear();
	pending_.clear();
	known_since_ = generation;
	too_many_ = false;
}

void SetChanges::event(const nlmsghdr *message) {
	if (message->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES || mnl_nlmsg_get_payload_len(message) < sizeof(nfgenmsg))
		return;
	const int type = message->nlmsg_type & 0xff;
	if (type != NFT_MSG_NEWSETELEM && type != NFT_MSG_DELSETELEM && type != NFT_MSG_NEWSET &&
	    type != NFT_MSG_DELSET)
		return;
	static_assert(static_cast<int>(NFTA_SET_TABLE) == NFTA_SET_ELEM_LIST_TABLE);
	static_assert(static_cast<int>(NFTA_SET_NAME) == NFTA_SET_ELEM_LIST_SET);
	Set set;
	set.family = static_cast<const nfgenmsg *>(mnl_nlmsg_get_payload(message))->nfgen_family;
	for_each_attribute(message, sizeof(nfgenmsg), [&set](const nlattr *attribute) {
		if (mnl_attr_get_type(attribute) == NFTA_SET_TABLE) set.table = text_of(attribute);
		if (mnl_attr_get_type(attribute) == NFTA_SET_NAME) set.name = text_of(attribute);
	});
	// 100,000 elements of one set come one after the other.
	if (!pending_.empty() && pending_.back() == set) return;
	if (pending_.size() + changed_.size() >= kMostSets) too_many_ = true;
	if (!too_many_) pending_.push_back(std::move(set));
}

void SetChanges::commit(uint32_t generation) {
	if (generation == 0) return;
	if (std::exchange(too_many_, false)) {
		begin(generation);
		return;
	}
	for (Set &set : std::exchange(pending_, {}))
		changed_[std::move(set)] = generation;
}

bool SetChanges::unchanged(const Set &set, uint32_t since) const {
	if (since == 0 || !generation_reached(since, known_since_)) return false;
	const auto changed = changed_.find(set);
	return changed == changed_.end() || generation_reached(since, changed->second);
}

} // namespace nft_drops
