// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_NFT_EXT_RUN_LOCAL_ADDRESSES_H
#define NFT_DROPS_NFT_EXT_RUN_LOCAL_ADDRESSES_H

#include "nft-ext/packet/packet.h"

#include <chrono>
#include <set>
#include <string>

namespace nft_drops::cli {

// The addresses of a network namespace's devices. Read when asked, and again once a second at most.
class LocalAddresses {
public:
	// `netns`: a descriptor of the namespace. It stays the caller's, and open.
	explicit LocalAddresses(int netns) : netns_(netns) {}

	bool has(const Address &address);

private:
	void read();

	int netns_;
	std::set<std::string> addresses_; // 4 or 16 bytes each
	std::chrono::steady_clock::time_point read_at_{};
};

} // namespace nft_drops::cli

#endif
