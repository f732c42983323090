// SPDX-License-Identifier: GPL-2.0-only
// The demo's network: a pair of virtual Ethernet devices, and packets put on the wire by hand.
#ifndef NFT_DROPS_NFT_EXT_COMMANDS_DEMO_NETWORK_H
#define NFT_DROPS_NFT_EXT_COMMANDS_DEMO_NETWORK_H

#include "jit/base/result.h"

#include <cstdint>
#include <vector>

namespace nft_drops::cli {

class DemoNetwork {
public:
	// In the present namespace: "lo" up; "wan0" with 192.0.2.1/24 (TEST-NET-1) and its other end "internet0", both
	// up.
	static Result<DemoNetwork> create();
	DemoNetwork(DemoNetwork &&) noexcept;
	DemoNetwork &operator=(DemoNetwork &&) = delete;
	~DemoNetwork();

	// As if from a host on the internet, arriving on "wan0": a TCP SYN or a UDP datagram from 192.0.2.`host`.
	Result<void> syn(uint8_t host, uint16_t source_port, uint16_t port) const;
	Result<void> datagram(uint8_t host, uint16_t source_port, uint16_t port) const;
	// A UDP datagram over "lo".
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
