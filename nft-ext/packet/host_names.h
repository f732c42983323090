// SPDX-License-Identifier: GPL-2.0-only
// Names for addresses, looked up by a thread of its own: a resolver may take seconds, and nobody here waits for it.
#ifndef NFT_DROPS_NFT_EXT_PACKET_HOST_NAMES_H
#define NFT_DROPS_NFT_EXT_PACKET_HOST_NAMES_H

#include "nft-ext/packet/packet.h"

#include <functional>
#include <memory>
#include <string>

namespace nft_drops {

class HostNames {
public:
	// An empty name: there is none.
	using Resolve = std::function<std::string(const Address &)>;
	// getnameinfo(3).
	static std::string by_resolver(const Address &address);

	explicit HostNames(Resolve resolve = by_resolver);
	HostNames(const HostNames &) = delete;
	HostNames &operator=(const HostNames &) = delete;
	// Does not wait for a look-up that is under way; its thread ends when that does.
	~HostNames();

	// The address's name; empty: there is none, or it is not known yet and will be looked up. At most kMostWaiting
	// addresses wait at once, and of kMostKnown the names are kept.
	std::string of(const Address &address);

	static constexpr size_t kMostWaiting = 256;
	static constexpr size_t kMostKnown = 4096;

private:
	struct Shared;
	std::shared_ptr<Shared> shared_;
};

} // namespace nft_drops

#endif
