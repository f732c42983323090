// SPDX-License-Identifier: GPL-2.0-only
// What the namespace's kernel tells of one drop beyond the rule, read now. What may have changed since the drop is left
// out, or said to be unknown.
#include "nft-ext/ruleset/details/hook_order.h"
#include "nft-ext/ruleset/details/socket_of.h"
#include "nft-ext/ruleset/index/history.h"
#include "nft-ext/ruleset/text/lookup.h"

#include <linux/netfilter.h>

#include <cstring>
#include <string_view>

namespace nft_drops {
namespace {

std::string device_of_hook(const nd_event &event) {
	if (event.pf != NFPROTO_NETDEV) return {};
	// NF_NETDEV_INGRESS is 0, NF_NETDEV_EGRESS is 1.
	const char *name = event.hook == 0 ? event.iifname : event.oifname;
	return {name, strnlen(name, ND_IFNAME_BYTES)};
}

} // namespace

// nullopt where the order at the time of the drop is not known: chains or tables have changed since.
std::optional<HookOrder> Lookup::hook_order(const nd_event &event, const Attribution &attribution) {
	auto entries = read_hook(query_, event.pf, event.hook, device_of_hook(event));
	const auto now = query_.generation();
	if (entries.empty() || !now || !catch_up(*now)) return {};
	if (event.generation == 0 || !generation_reached(event.generation, hooks_changed_)) return {};
	return order_with_dropper(std::move(entries), attribution.family, attribution.table, attribution.base_chain);
}

Details Lookup::details(const nd_event &event, const nd_details &seen, const Attribution &attribution,
                        const std::optional<JumpPath> &path) {
	Details details;
	details.seen = seen;
	// Handles and names mean nothing in another namespace.
	if (event.netns != 0 && netns_ != 0 && event.netns != netns_) return details;
	details.hook = hook_order(event, attribution);
	details.elements = elements(event, seen, attribution, path);
	if ((seen.known & ND_KNOWN_SOCKET) != 0 || !has_socket_to_seek(event)) return details;
	if (!sockets_) {
		if (auto opened = Query::open(NETLINK_SOCK_DIAG)) sockets_.emplace(std::move(*opened));
	}
	if (!sockets_) return details;
	if (auto socket = seek_socket(*sockets_, event)) {
		details.socket_sought = true;
		details.socket = *socket;
	}
	return details;
}

} // namespace nft_drops
