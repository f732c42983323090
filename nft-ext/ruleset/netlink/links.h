// SPDX-License-Identifier: GPL-2.0-only
// When interface names changed: nft prints `iif "eth0"` by looking the name up, so such a text is only as good as the
// names at the time it was read.
#ifndef NFT_DROPS_NFT_EXT_RULESET_NETLINK_LINKS_H
#define NFT_DROPS_NFT_EXT_RULESET_NETLINK_LINKS_H

#include <libmnl/libmnl.h>

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>

namespace nft_drops {

class Links {
public:
	// A message of RTNLGRP_LINK, read at `now_ns` (CLOCK_MONOTONIC). True where a name changed, appeared or went.
	bool event(const nlmsghdr *message, uint64_t now_ns);
	// Messages were lost.
	void lost(uint64_t now_ns) { note(now_ns); }

	// True unless all names were the same at both times.
	[[nodiscard]] bool changed_between(uint64_t one_ns, uint64_t other_ns) const;

private:
	void note(uint64_t now_ns);

	std::unordered_map<int, std::string> names_; // as far as events told
	std::deque<uint64_t> changes_;               // oldest first
	uint64_t forgotten_ns_ = 0;                  // the latest change that is not in changes_ any more
};

} // namespace nft_drops

#endif
