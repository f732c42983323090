// SPDX-License-Identifier: GPL-2.0-only
// Confines the calling process, which reads a ruleset that anybody may have written, to what that takes.
#ifndef NFT_DROPS_NFT_EXT_RULESET_TEXT_CONFINE_H
#define NFT_DROPS_NFT_EXT_RULESET_TEXT_CONFINE_H

#include "jit/base/result.h"

#include <cstddef>

namespace nft_drops {

// Leaves CAP_NET_ADMIN and no other capability, in the user namespace that owns the present network namespace:
// nfnetlink asks for it there at each request (nfnetlink_rcv, netlink_net_capable). With `raw_sockets` CAP_NET_RAW as
// well. From then on nobody may trace the process or read its memory, not even who owns that user namespace. The
// process has one thread. Sockets whose buffers are to be larger than the system's limit (SO_RCVBUFFORCE) must be made
// before.
Result<void> keep_only_net_admin(bool raw_sockets);

// Bounds the memory that the process may allocate beyond what it has.
void bound_memory(size_t bytes);

// Lets only those system calls through that libnftables, libmnl and the C library need to read rulesets (seccomp(2)):
// descriptors that are there, netlink sockets, opening files for reading, memory. Every other one fails with EPERM.
// With `xtables` also raw IP sockets, and executable memory, for libxtables' modules.
Result<void> confine_system_calls(bool xtables);

} // namespace nft_drops

#endif
