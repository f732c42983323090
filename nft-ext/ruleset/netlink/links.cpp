// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/netlink/links.h"

#include "nft-ext/ruleset/netlink/attributes.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <algorithm>

namespace nft_drops {
namespace {

constexpr size_t kKeep = 1024;
// A change is read of this long after it happened at most.
constexpr uint64_t kSlackNs = 50'000'000;

} // namespace

bool Links::event(const nlmsghdr *message, uint64_t now_ns) {
	if ((message->nlmsg_type != RTM_NEWLINK && message->nlmsg_type != RTM_DELLINK) ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(ifinfomsg))
		return false;
	const int index = static_cast<const ifinfomsg *>(mnl_nlmsg_get_payload(message))->ifi_index;
	if (message->nlmsg_type == RTM_DELLINK) {
		names_.erase(index);
		note(now_ns);
		return true;
	}
	std::string name;
	for_each_attribute(message, sizeof(ifinfomsg), [&](const nlattr *attribute) {
		if (mnl_attr_get_type(attribute) == IFLA_IFNAME) name = text_of(attribute);
	});
	std::string &known = names_[index];
	if (known == name) return false;
	known = name;
	note(now_ns);
	return true;
}

void Links::note(uint64_t now_ns) {
	changes_.push_back(now_ns);
	if (changes_.size() <= kKeep) return;
	forgotten_ns_ = changes_.front();
	changes_.pop_front();
}

bool Links::changed_between(uint64_t one_ns, uint64_t other_ns) const {
	const uint64_t from = std::min(one_ns, other_ns);
	const uint64_t to = std::max(one_ns, other_ns) + kSlackNs;
	if (forgotten_ns_ >= from && forgotten_ns_ != 0) return true;
	const auto change = std::ranges::lower_bound(changes_, from);
	return change != changes_.end() && *change <= to;
}

} // namespace nft_drops
