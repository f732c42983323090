// SPDX-License-Identifier: GPL-2.0-only
// A router with all that a packet can pass: `home`, where the test runs and the ruleset is, between two hosts, with a
// bridge of two more. Neighbours are set by hand, so that nothing is sent but what a test sends.
//
//	left (10.1.0.2, fd01::2) -- l0 (10.1.0.1, fd01::1) home r0 (10.2.0.1, fd02::1) -- right (10.2.0.2, fd02::2)
//	one (10.3.0.2) -- b1 [br0 10.3.0.1] b2 -- two (10.3.0.3)
//
// The hosts' own ends are named eth0.
#ifndef NFT_DROPS_TESTS_GUEST_TOPOLOGY_H
#define NFT_DROPS_TESTS_GUEST_TOPOLOGY_H

#include <cstdint>
#include <map>
#include <span>
#include <string>

namespace nft_drops::guest {

class Topology {
public:
	// Makes `home` the present namespace. Failures are failures of the test.
	Topology();
	Topology(const Topology &) = delete;
	Topology &operator=(const Topology &) = delete;
	~Topology();

	// One UDP datagram from a host ("home", "left", "one") to an address of either family. It may be refused.
	void udp(const std::string &from, const std::string &to, uint16_t port, size_t size = 10);
	// An Ethernet frame out of a host's eth0, as it is.
	void frame(const std::string &from, std::span<const uint8_t> bytes);
	// The same of a large frame, of which `linear` bytes lie in the sk_buff's linear part, and the rest in page
	// fragments. `segment`: not 0: TCP over IPv4 without options of IP, with so many bytes of payload in each
	// segment that it stands for (GSO).
	void large_frame(const std::string &from, std::span<const uint8_t> bytes, uint16_t linear, uint16_t segment);
	// An ARP request for `address` from left to home.
	void arp_request(const std::string &address);
	// An IPv4 packet from left (10.1.0.2) to home, of any protocol, with these bytes behind the header.
	void ip_packet(uint8_t protocol, std::span<const uint8_t> payload, uint16_t fragment = 0);
	// A shell command in one of the hosts, or at home.
	std::string at(const std::string &host, const std::string &command);

private:
	struct Host {
		int ns = -1, udp4 = -1, udp6 = -1, raw = -1, large = -1;
	};
	void enter(const std::string &host) const;
	void send(const std::string &from, int socket, std::span<const uint8_t> bytes) const;
	void add_host(const std::string &name, const std::string &home_end);

	std::map<std::string, Host> hosts_;
};

} // namespace nft_drops::guest

#endif
