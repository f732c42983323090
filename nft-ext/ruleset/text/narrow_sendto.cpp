// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/text/narrow_sendto.h"

#include "jit/base/debug.h"
#include "nft-ext/ruleset/netlink/attributes.h"
#include "nft-ext/ruleset/netlink/describe.h"

#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

namespace nft_drops {
namespace {

// A run takes about 0.1 ms; more than this many in vain need a change of the ruleset every 0.1 ms.
constexpr unsigned kMaxRuns = 64;
// Several answers wait in the socket at once, each an skb of about 5 KiB; the default holds some 40.
constexpr int kReceiveBuffer = 16 << 20;

std::optional<Narrowed> active;
NarrowSeen seen;

// What libmnl's own function does.
ssize_t pass_on(const mnl_socket *socket, const void *bytes, size_t length) {
	if (debugs(DebugTopic::kNetlink))
		debug(DebugTopic::kNetlink, describe_requests({static_cast<const char *>(bytes), length}));
	const sockaddr_nl kernel{.nl_family = AF_NETLINK, .nl_pad = 0, .nl_pid = 0, .nl_groups = 0};
	return sendto(mnl_socket_get_fd(socket), bytes, length, 0, reinterpret_cast<const sockaddr *>(&kernel),
	              sizeof(kernel));
}

ssize_t send_instead(const mnl_socket *socket, Requests requests, uint32_t sequence, size_t length) {
	const int size = kReceiveBuffer;
	setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	requests.acknowledge();
	requests.number(sequence);
	const ssize_t sent = pass_on(socket, requests.bytes().data(), requests.bytes().size());
	return sent < 0 ? sent : static_cast<ssize_t>(length);
}

bool wants_elements(const nlmsghdr *message) {
	bool wanted = false;
	for_each_attribute(message, sizeof(nfgenmsg), [&wanted](const nlattr *attribute) {
		if (mnl_attr_get_type(attribute) == NFTA_SET_ELEM_LIST_SET)
			wanted = std::ranges::find(active->sets_with_elements, text_of(attribute)) !=
			         active->sets_with_elements.end();
	});
	return wanted;
}

ssize_t narrowed(const mnl_socket *socket, const nlmsghdr *message, size_t length) {
	const uint32_t sequence = message->nlmsg_seq;
	switch (message->nlmsg_type & 0xff) {
	case NFT_MSG_GETTABLE: {
		const unsigned runs = seen.runs + 1;
		seen = NarrowSeen{.tables = 1, .runs = runs, .gave_up = runs > kMaxRuns};
		if (seen.gave_up) break;
		return send_instead(socket, active->tables, sequence, length);
	}
	case NFT_MSG_GETCHAIN:
		seen.chains++;
		return send_instead(socket, active->chains, sequence, length);
	case NFT_MSG_GETSET:
		seen.sets++;
		return send_instead(socket, active->sets, sequence, length);
	case NFT_MSG_GETRULE:
		seen.rules++;
		return send_instead(socket, active->rules, sequence, length);
	case NFT_MSG_GETFLOWTABLE:
	case NFT_MSG_GETOBJ:
		return send_instead(socket, {}, sequence, length);
	case NFT_MSG_GETSETELEM:
		if (wants_elements(message)) return pass_on(socket, message, length);
		return send_instead(socket, {}, sequence, length);
	default:
		seen.other++;
		return pass_on(socket, message, length);
	}
	// Any error but EINTR ends the command.
	errno = EIO;
	return -1;
}

} // namespace

void narrow_on(Narrowed narrowed) {
	active = std::move(narrowed);
	seen = {};
}

NarrowSeen narrow_off() {
	active.reset();
	return seen;
}

} // namespace nft_drops

extern "C" __attribute__((visibility("default"))) ssize_t mnl_socket_sendto(const struct mnl_socket *nl,
                                                                            const void *req, size_t siz) {
	using namespace nft_drops;
	const auto *message = static_cast<const nlmsghdr *>(req);
	const bool dump = active && siz >= sizeof(nlmsghdr) + sizeof(nfgenmsg) && message->nlmsg_len == siz &&
	                  message->nlmsg_type >> 8 == NFNL_SUBSYS_NFTABLES &&
	                  (message->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	return dump ? narrowed(nl, message, siz) : pass_on(nl, req, siz);
}
