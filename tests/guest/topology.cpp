// SPDX-License-Identifier: GPL-2.0-only
#include "topology.h"

#include "running.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/ip.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace nft_drops::guest {
namespace {

// Every device's address, so that each knows the others': 02:00:00:00:00:NN.
constexpr const char *kMac = "02:00:00:00:00:";
constexpr uint8_t kLeft = 0x12, kL0 = 0x11;

int open_namespace() {
	return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

// struct virtio_net_hdr of <linux/virtio_net.h>, which is no C++.
struct OffloadHeader {
	uint8_t flags, gso_type;
	uint16_t hdr_len, gso_size, csum_start, csum_offset;
};
constexpr uint8_t kNeedsChecksum = 1; // VIRTIO_NET_HDR_F_NEEDS_CSUM
constexpr uint8_t kTcp4 = 1;          // VIRTIO_NET_HDR_GSO_TCPV4

template <typename T> void append(std::vector<uint8_t> &to, const T &header) {
	const auto *bytes = reinterpret_cast<const uint8_t *>(&header);
	to.insert(to.end(), bytes, bytes + sizeof(T));
}

std::vector<uint8_t> ethernet(uint8_t to, uint16_t type) {
	return {2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, kLeft, static_cast<uint8_t>(type >> 8), static_cast<uint8_t>(type)};
}

uint16_t checksum(const iphdr &ip) {
	uint16_t words[10];
	memcpy(words, &ip, sizeof(words));
	uint32_t sum = 0;
	for (uint16_t w : words)
		sum += w;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return static_cast<uint16_t>(~sum);
}

} // namespace

void Topology::enter(const std::string &host) const {
	ASSERT_EQ(setns(hosts_.at(host).ns, CLONE_NEWNET), 0) << host;
}

std::string Topology::at(const std::string &host, const std::string &command) {
	enter(host);
	std::string out = shell("set -e; " + command);
	enter("home");
	return out;
}

void Topology::add_host(const std::string &name, const std::string &home_end) {
	ASSERT_EQ(unshare(CLONE_NEWNET), 0);
	hosts_[name].ns = open_namespace();
	const pid_t here = getpid();
	// By way of a descriptor: the namespace has no name.
	shell("ip link set lo up");
	enter("home");
	shell("ip link add " + home_end + " type veth peer name eth0 netns /proc/" + std::to_string(here) + "/fd/" +
	      std::to_string(hosts_[name].ns));
}

Topology::Topology() {
	EXPECT_EQ(unshare(CLONE_NEWNET), 0);
	hosts_["home"].ns = open_namespace();
	for (const auto &[name, end] : {std::pair{"left", "l0"}, {"right", "r0"}, {"one", "b1"}, {"two", "b2"}})
		add_host(name, end);
	const std::string mac = kMac;
	const auto quiet = [](const std::string &dev) {
		return "echo 1 > /proc/sys/net/ipv6/conf/" + dev + "/disable_ipv6; echo 0 > /proc/sys/net/ipv6/conf/" +
		       dev + "/disable_ipv6; ";
	};
	at("home",
	   "ip link set lo up; ip link add br0 type bridge mcast_snooping 0;"
	   " ip link set b1 master br0; ip link set b2 master br0;"
	   " for d in all default l0 r0 br0; do echo 0 > /proc/sys/net/ipv6/conf/$d/accept_dad; done;"
	   " echo 1 > /proc/sys/net/ipv4/neigh/l0/mcast_solicit;"
	   " ip link set l0 address " +
	           mac + "11; ip link set r0 address " + mac +
	           "21;"
	           " ip link set br0 address " +
	           mac +
	           "31;"
	           " ip addr add 10.1.0.1/24 dev l0; ip addr add 10.2.0.1/24 dev r0; ip addr add 10.3.0.1/24 dev br0;"
	           " for d in b1 b2 br0 l0 r0; do ip link set $d up; done;"
	           " ip addr add fd01::1/64 dev l0 nodad; ip addr add fd02::1/64 dev r0 nodad;"
	           " ip neigh add 10.1.0.2 lladdr " +
	           mac + "12 dev l0; ip neigh add 10.2.0.2 lladdr " + mac +
	           "22 dev r0;"
	           " ip neigh add 10.3.0.2 lladdr " +
	           mac + "32 dev br0; ip neigh add fd01::2 lladdr " + mac +
	           "12 dev l0;"
	           " ip neigh add fd02::2 lladdr " +
	           mac +
	           "22 dev r0;"
	           " echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding");
	const auto end = [&](const std::string &host, const std::string &number, const std::string &own4,
	                     const std::string &own6, const std::string &commands) {
		at(host, "ip link set eth0 address " + mac + number + "; ip addr add " + own4 +
		                 "/24 dev eth0;"
		                 " ip link set eth0 up; " +
		                 quiet("eth0") + (own6.empty() ? "" : "ip addr add " + own6 + "/64 dev eth0 nodad; ") +
		                 commands);
	};
	end("left", "12", "10.1.0.2", "fd01::2",
	    "ip neigh add 10.1.0.1 lladdr " + mac + "11 dev eth0; ip neigh add fd01::1 lladdr " + mac +
	            "11 dev eth0;"
	            " ip route add default via 10.1.0.1; ip route add default via fd01::1");
	end("right", "22", "10.2.0.2", "fd02::2",
	    "ip neigh add 10.2.0.1 lladdr " + mac + "21 dev eth0; ip neigh add fd02::1 lladdr " + mac +
	            "21 dev eth0;"
	            " ip route add default via 10.2.0.1; ip route add default via fd02::1");
	end("one", "32", "10.3.0.2", "",
	    "ip neigh add 10.3.0.1 lladdr " + mac + "31 dev eth0; ip neigh add 10.3.0.3 lladdr " + mac + "33 dev eth0");
	end("two", "33", "10.3.0.3", "", "true");
	for (auto &[name, host] : hosts_) {
		enter(name);
		host.udp4 = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		host.udp6 = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		host.raw = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
		host.large = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
		const int with_header = 1;
		EXPECT_EQ(setsockopt(host.large, SOL_PACKET, PACKET_VNET_HDR, &with_header, sizeof(with_header)), 0);
	}
	enter("home");
}

Topology::~Topology() {
	for (const auto &[name, host] : hosts_)
		for (int fd : {host.ns, host.udp4, host.udp6, host.raw, host.large})
			close(fd);
}

void Topology::udp(const std::string &from, const std::string &to, uint16_t port, size_t size) {
	const std::vector<char> payload(size, 'x');
	sockaddr_in to4{.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {}, .sin_zero = {}};
	sockaddr_in6 to6{.sin6_family = AF_INET6,
	                 .sin6_port = htons(port),
	                 .sin6_flowinfo = 0,
	                 .sin6_addr = {},
	                 .sin6_scope_id = 0};
	// An earlier datagram's refusal may be told instead of this one's end: the second try is the datagram.
	for (int attempt = 0; attempt < 2; attempt++) {
		const ssize_t n = inet_pton(AF_INET, to.c_str(), &to4.sin_addr) == 1
		                          ? sendto(hosts_.at(from).udp4, payload.data(), size, 0,
		                                   reinterpret_cast<sockaddr *>(&to4), sizeof(to4))
		                          : (inet_pton(AF_INET6, to.c_str(), &to6.sin6_addr),
		                             sendto(hosts_.at(from).udp6, payload.data(), size, 0,
		                                    reinterpret_cast<sockaddr *>(&to6), sizeof(to6)));
		if (n >= 0 || errno == EPERM) return;
		EXPECT_EQ(errno, ECONNREFUSED) << from << " to " << to << ": " << strerror(errno);
	}
}

void Topology::send(const std::string &from, int socket, std::span<const uint8_t> bytes) const {
	enter(from);
	sockaddr_ll to{};
	to.sll_family = AF_PACKET;
	to.sll_ifindex = static_cast<int>(if_nametoindex("eth0"));
	enter("home");
	EXPECT_EQ(sendto(socket, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr *>(&to), sizeof(to)),
	          static_cast<ssize_t>(bytes.size()))
	        << strerror(errno);
}

void Topology::frame(const std::string &from, std::span<const uint8_t> bytes) {
	send(from, hosts_.at(from).raw, bytes);
}

void Topology::large_frame(const std::string &from, std::span<const uint8_t> bytes, uint16_t linear, uint16_t segment) {
	constexpr uint16_t kTcpAt = 34, kChecksumInTcp = 16;
	OffloadHeader header{};
	header.hdr_len = linear;
	if (segment) {
		header.flags = kNeedsChecksum;
		header.csum_start = kTcpAt;
		header.csum_offset = kChecksumInTcp;
		header.gso_type = kTcp4;
		header.gso_size = segment;
	}
	std::vector<uint8_t> all;
	append(all, header);
	all.insert(all.end(), bytes.begin(), bytes.end());
	send(from, hosts_.at(from).large, all);
}

void Topology::arp_request(const std::string &address) {
	std::vector<uint8_t> bytes = ethernet(0xff, ETH_P_ARP);
	std::fill_n(bytes.begin(), 6, 0xff);
	for (uint8_t b : {0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, int{kLeft}, 10, 1, 0, 2, 0, 0, 0, 0, 0, 0})
		bytes.push_back(b);
	in_addr wanted{};
	EXPECT_EQ(inet_pton(AF_INET, address.c_str(), &wanted), 1);
	append(bytes, wanted);
	frame("left", bytes);
}

void Topology::ip_packet(uint8_t protocol, std::span<const uint8_t> payload, uint16_t fragment) {
	iphdr ip{};
	ip.version = 4;
	ip.ihl = 5;
	ip.tot_len = htons(static_cast<uint16_t>(sizeof(ip) + payload.size()));
	ip.id = htons(7);
	ip.frag_off = htons(fragment);
	ip.ttl = 64;
	ip.protocol = protocol;
	ip.saddr = inet_addr("10.1.0.2");
	ip.daddr = inet_addr("10.1.0.1");
	ip.check = checksum(ip);
	std::vector<uint8_t> bytes = ethernet(kL0, ETH_P_IP);
	append(bytes, ip);
	bytes.insert(bytes.end(), payload.begin(), payload.end());
	frame("left", bytes);
}

} // namespace nft_drops::guest
