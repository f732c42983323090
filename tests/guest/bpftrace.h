// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_TESTS_GUEST_BPFTRACE_H
#define NFT_DROPS_TESTS_GUEST_BPFTRACE_H

#include <string>
#include <vector>

namespace nft_drops::guest {

// A command line of bpftrace. Where the kernel does not hand out types by number (5.10), bpftrace needs to be told of
// vmlinux's. It is not asked whether: that would be a start before the first one.
std::vector<std::string> bpftrace(std::vector<std::string> arguments);

} // namespace nft_drops::guest

#endif
