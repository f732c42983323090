// SPDX-License-Identifier: GPL-2.0-only
// A datagram for a rule that drops port 9, in another network namespace.
#ifndef NFT_DROPS_TESTS_GUEST_DROP_IN_H
#define NFT_DROPS_TESTS_GUEST_DROP_IN_H

#include <string>
#include <unistd.h>

namespace nft_drops::guest {

// Sends one datagram to port 9 over lo. `netns` is a file of the network namespace.
void drop_in(const std::string &netns);

// The files of a name of `ip netns` and of a process.
std::string netns_named(const std::string &name);
std::string netns_of(pid_t pid);

} // namespace nft_drops::guest

#endif
