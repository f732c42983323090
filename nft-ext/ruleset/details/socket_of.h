// SPDX-License-Identifier: GPL-2.0-only
// The socket that an incoming packet was meant for, by the kernel's own look-up (INET_DIAG), in this network namespace.
#ifndef NFT_DROPS_NFT_EXT_RULESET_DETAILS_SOCKET_OF_H
#define NFT_DROPS_NFT_EXT_RULESET_DETAILS_SOCKET_OF_H

#include "bpf/shared/event.h"
#include "nft-ext/ruleset/details/details.h"
#include "nft-ext/ruleset/netlink/netlink.h"

#include <optional>

namespace nft_drops {

// TCP and UDP packets of the hook input, whose ports the event holds: for others no socket is looked for.
bool has_socket_to_seek(const nd_event &event);

// nullopt where there is none. `sockets` is a Query of NETLINK_SOCK_DIAG. Fails where the kernel does not answer.
Result<std::optional<SocketFound>> seek_socket(Query &sockets, const nd_event &event);

// Has the kernel load what answers: inet_diag, tcp_diag and udp_diag, where these are modules.
void load_socket_modules(Query &sockets);

} // namespace nft_drops

#endif
