// SPDX-License-Identifier: GPL-2.0-only
// The worker's own nf_tables sockets: one to ask, one that hears of changes.
#ifndef NFT_DROPS_NFT_EXT_RULESET_NETLINK_NETLINK_H
#define NFT_DROPS_NFT_EXT_RULESET_NETLINK_NETLINK_H

#include "jit/base/result.h"
#include "nft-ext/ruleset/netlink/requests.h"

#include <libmnl/libmnl.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

namespace nft_drops {

using Visit = std::function<void(const nlmsghdr *)>;

// The longest message is one of set elements: a bit over 64 KiB (nla_len has 16 bits).
inline constexpr size_t kNetlinkBuffer = 1 << 17;

struct MnlClose {
	void operator()(mnl_socket *socket) const { mnl_socket_close(socket); }
};
using MnlSocket = std::unique_ptr<mnl_socket, MnlClose>;

// CLOCK_MONOTONIC, what nd_event.time_ns counts.
uint64_t now_ns();

class Query {
public:
	// `bus`: NETLINK_NETFILTER for nf_tables, NETLINK_SOCK_DIAG for sockets.
	static Result<Query> open(int bus = NETLINK_NETFILTER);

	// What became of a request.
	enum class Outcome {
		kDone,
		kMissing,     // ENOENT: no such object
		kInterrupted, // the ruleset changed during a dump (EINTR, NLM_F_DUMP_INTR): what was visited is a
		              // mixture
	};
	// Sends the requests and visits each message of the answer until the dump's end or the acknowledgement; one of
	// the two must be asked for.
	Result<Outcome> ask(Requests requests, const Visit &visit);
	// The same for any number of single objects, of which some may be missing.
	Result<void> ask_for_any(Requests requests, const Visit &visit);
	// NFTA_GEN_ID: grows by one with each commit. 3 us.
	Result<uint32_t> generation();

private:
	Result<Outcome> receive(bool skip_missing, const Visit &visit);

	explicit Query(MnlSocket socket) : socket_(std::move(socket)) {}

	MnlSocket socket_;
	std::unique_ptr<char[]> buffer_ = std::make_unique_for_overwrite<char[]>(kNetlinkBuffer);
	uint32_t sequence_ = 0;
};

// A socket that a multicast group's messages arrive at, non-blocking.
class Listener {
public:
	// nf_tables: NETLINK_NETFILTER, NFNLGRP_NFTABLES; interfaces: NETLINK_ROUTE, RTNLGRP_LINK.
	static Result<Listener> open(int bus, unsigned group);

	[[nodiscard]] int descriptor() const { return mnl_socket_get_fd(socket_.get()); }
	enum class Outcome {
		kEmpty,      // everything there was has been visited
		kOverflowed, // ENOBUFS: messages were lost
	};
	// Visits what has arrived.
	Outcome drain(const Visit &visit);

private:
	explicit Listener(MnlSocket socket) : socket_(std::move(socket)) {}

	MnlSocket socket_;
	std::unique_ptr<char[]> buffer_ = std::make_unique_for_overwrite<char[]>(kNetlinkBuffer);
};

} // namespace nft_drops

#endif
