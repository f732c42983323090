// SPDX-License-Identifier: GPL-2.0-only
// The demo's network: a pair of virtual Ethernet devices, and packets that the demo builds byte by byte.
#ifndef NFT_DROPS_NFT_EXT_DEMO_DEMO_NETWORK_H
#define NFT_DROPS_NFT_EXT_DEMO_DEMO_NETWORK_H

#include "jit/base/result.h"

#include <cstdint>
#include <vector>

namespace nft_drops::cli {

class DemoNetwork {
public:
	// Makes, in the present namespace, "wan0" with 192.0.2.1/24 (TEST-NET-1) and its peer "internet0". Sets both
	// and "lo" up.
	static Result<DemoNetwork> create();
	DemoNetwork(DemoNetwork &&) noexcept;
	DemoNetwork &operator=(DemoNetwork &&) = delete;
	~DemoNetwork();

	// Sends a TCP SYN or a UDP datagram from 192.0.2.`host`, a host of the internet. The packet arrives on "wan0".
	Result<void> syn(uint8_t host, uint16_t source_port, uint16_t port) const;
	Result<void> datagram(uint8_t host, uint16_t source_port, uint16_t port) const;
	// Sends a UDP datagram over "lo".
	static Result<void> over_loopback(uint16_t port);

private:
	DemoNetwork() = default;
	[[nodiscard]] Result<void> send(uint8_t host, uint8_t protocol, const std::vector<uint8_t> &transport) const;
	int wire_ = -1; // a packet socket on internet0
	int wire_index_ = 0;
	uint8_t wan_address_[6]{};
};

} // namespace nft_drops::cli

#endif
