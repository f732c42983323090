// SPDX-License-Identifier: GPL-2.0-only
// Twenty rules that count and drop, for tests that compare figures with nft's own counters.
#ifndef NFT_DROPS_TESTS_GUEST_TWENTY_RULES_H
#define NFT_DROPS_TESTS_GUEST_TWENTY_RULES_H

#include <string>

namespace nft_drops::guest {

// The UDP ports that the rules drop, so many in a rule.
inline constexpr unsigned kFirstPort = 20000, kPorts = 1000, kPortsOfARule = 50;
inline constexpr unsigned kEcho = 31000; // of send_over_loopback(); this port and the next are accepted

// A ruleset: table inet t, chain c at the input hook.
std::string twenty_rules();
// NFT_DROPS_FULL=1: `many`; else `few`, for machines that are emulated.
unsigned full_or(unsigned many, unsigned few);

} // namespace nft_drops::guest

#endif
