// SPDX-License-Identifier: GPL-2.0-only
// Requests to nf_tables in words, for --debug=netlink.
#ifndef NFT_DROPS_NFT_EXT_RULESET_NETLINK_DESCRIBE_H
#define NFT_DROPS_NFT_EXT_RULESET_NETLINK_DESCRIBE_H

#include <span>
#include <string>

namespace nft_drops {

// Each message of what is sent to nf_tables at once (sendto(2)), on a line of its own: "dump rules, family 1, inet
// "filter", handle 7". A message of another subsystem is told by its numbers.
std::string describe_requests(std::span<const char> bytes);

} // namespace nft_drops

#endif
