// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/details/details.h"

#include "nft-ext/ruleset/details/hook_order.h"
#include "nft-ext/ruleset/details/socket_of.h"

#include <linux/netfilter.h>
#include <linux/netlink.h>

namespace nft_drops {

void load_detail_modules() {
	constexpr uint8_t kInput = 1; // NF_INET_LOCAL_IN
	if (auto query = Query::open()) read_hook(*query, NFPROTO_IPV4, kInput, {});
	if (auto sockets = Query::open(NETLINK_SOCK_DIAG)) load_socket_modules(*sockets);
}

std::optional<SocketFound> Details::whose() const {
	if ((seen.known & ND_KNOWN_SOCKET) == 0) return socket;
	return SocketFound{.cookie = seen.cookie,
	                   .inode = seen.inode,
	                   .group = seen.known & ND_KNOWN_GROUP ? seen.group : 0,
	                   .uid = seen.uid};
}

size_t Details::bytes() const {
	size_t bytes = sizeof(*this) + group.capacity();
	if (hook) {
		for (const HookEntry &entry : hook->entries)
			bytes += sizeof(entry) + entry.name.capacity();
	}
	for (const ElementFound &element : elements)
		bytes += sizeof(element) + element.set.capacity() + element.unknown.capacity() +
		         element.key.capacity() + element.comment.capacity() + element.verdict.capacity();
	for (const Process &process : processes)
		bytes += sizeof(process) + process.name.capacity();
	return bytes;
}

} // namespace nft_drops
