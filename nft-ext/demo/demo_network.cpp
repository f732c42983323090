// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/demo/demo_network.h"

#include <fmt/format.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <unistd.h>
#include <utility>

namespace nft_drops::cli {
namespace {

constexpr const char *kWan = "wan0";
constexpr const char *kPeer = "internet0";
constexpr uint32_t kNetwork = 0xc0000200; // 192.0.2.0

std::unexpected<Error> failed(const char *what) {
	return usage_error(fmt::format("demo: {}", what), strerror(errno), "a kernel with veth devices is needed");
}

// Sends one rtnetlink request that `fill` completes, and waits for its acknowledgement.
bool request(uint16_t type, uint16_t flags, const std::function<void(nlmsghdr *)> &fill) {
	mnl_socket *s = mnl_socket_open(NETLINK_ROUTE);
	if (!s) return false;
	char buffer[4096];
	nlmsghdr *h = mnl_nlmsg_put_header(buffer);
	h->nlmsg_type = type;
	h->nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
	fill(h);
	bool ok = mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) == 0 && mnl_socket_sendto(s, h, h->nlmsg_len) > 0;
	if (ok) {
		const ssize_t n = mnl_socket_recvfrom(s, buffer, sizeof(buffer));
		ok = n > 0 &&
		     mnl_cb_run(buffer, static_cast<size_t>(n), 0, mnl_socket_get_portid(s), nullptr, nullptr) >= 0;
	}
	const int error = errno;
	mnl_socket_close(s);
	errno = error;
	return ok;
}

bool add_veth_pair() {
	return request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, [](nlmsghdr *h) {
		mnl_nlmsg_put_extra_header(h, sizeof(ifinfomsg));
		mnl_attr_put_strz(h, IFLA_IFNAME, kWan);
		nlattr *info = mnl_attr_nest_start(h, IFLA_LINKINFO);
		mnl_attr_put_strz(h, IFLA_INFO_KIND, "veth");
		nlattr *data = mnl_attr_nest_start(h, IFLA_INFO_DATA);
		nlattr *peer = mnl_attr_nest_start(h, VETH_INFO_PEER);
		mnl_nlmsg_put_extra_header(h, sizeof(ifinfomsg));
		mnl_attr_put_strz(h, IFLA_IFNAME, kPeer);
		mnl_attr_nest_end(h, peer);
		mnl_attr_nest_end(h, data);
		mnl_attr_nest_end(h, info);
	});
}

bool add_address(int index, uint32_t address, uint8_t prefix) {
	return request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, [&](nlmsghdr *h) {
		auto *a = static_cast<ifaddrmsg *>(mnl_nlmsg_put_extra_header(h, sizeof(ifaddrmsg)));
		a->ifa_family = AF_INET;
		a->ifa_prefixlen = prefix;
		a->ifa_index = static_cast<uint32_t>(index);
		mnl_attr_put_u32(h, IFA_LOCAL, htonl(address));
		mnl_attr_put_u32(h, IFA_ADDRESS, htonl(address));
	});
}

bool set_up(int socket, const char *name) {
	ifreq r{};
	strncpy(r.ifr_name, name, sizeof(r.ifr_name) - 1);
	if (ioctl(socket, SIOCGIFFLAGS, &r) != 0) return false;
	r.ifr_flags |= IFF_UP; // NOLINT(bugprone-narrowing-conversions)
	return ioctl(socket, SIOCSIFFLAGS, &r) == 0;
}

// The internet checksum (RFC 1071) of 16-bit words in network order.
uint16_t checksum(const std::vector<uint8_t> &bytes) {
	uint32_t sum = 0;
	for (size_t i = 0; i < bytes.size(); i += 2)
		sum += static_cast<uint32_t>(bytes[i] << 8 | (i + 1 < bytes.size() ? bytes[i + 1] : 0));
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return static_cast<uint16_t>(~sum);
}

template <typename T> void append(std::vector<uint8_t> &to, const T &header) {
	const auto *bytes = reinterpret_cast<const uint8_t *>(&header);
	to.insert(to.end(), bytes, bytes + sizeof(T));
}

} // namespace

Result<DemoNetwork> DemoNetwork::create() {
	DemoNetwork net;
	const int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (control < 0) return failed("socket");
	bool ok = set_up(control, "lo") && add_veth_pair() && set_up(control, kWan) && set_up(control, kPeer);
	ifreq r{};
	strncpy(r.ifr_name, kWan, sizeof(r.ifr_name) - 1);
	ok = ok && ioctl(control, SIOCGIFHWADDR, &r) == 0 &&
	     add_address(static_cast<int>(if_nametoindex(kWan)), kNetwork + 1, 24);
	const int error = errno;
	close(control);
	errno = error;
	if (!ok) return failed("network devices");
	memcpy(net.wan_address_, r.ifr_hwaddr.sa_data, sizeof(net.wan_address_));
	net.wire_ = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0); // sends only: receives no protocol
	net.wire_index_ = static_cast<int>(if_nametoindex(kPeer));
	if (net.wire_ < 0) return failed("packet socket");
	return net;
}

DemoNetwork::DemoNetwork(DemoNetwork &&other) noexcept
    : wire_(std::exchange(other.wire_, -1)), wire_index_(other.wire_index_) {
	memcpy(wan_address_, other.wan_address_, sizeof(wan_address_));
}

DemoNetwork::~DemoNetwork() {
	if (wire_ >= 0) close(wire_);
}

Result<void> DemoNetwork::send(uint8_t host, uint8_t protocol, const std::vector<uint8_t> &transport) const {
	iphdr ip{};
	ip.version = 4;
	ip.ihl = 5;
	ip.tot_len = htons(static_cast<uint16_t>(sizeof(ip) + transport.size()));
	ip.ttl = 64;
	ip.protocol = protocol;
	ip.saddr = htonl(kNetwork + host);
	ip.daddr = htonl(kNetwork + 1);
	std::vector<uint8_t> packet;
	append(packet, ip);
	ip.check = htons(checksum(packet));
	packet.clear();
	append(packet, ip);
	packet.insert(packet.end(), transport.begin(), transport.end());

	sockaddr_ll to{};
	to.sll_family = AF_PACKET;
	to.sll_protocol = htons(ETH_P_IP);
	to.sll_ifindex = wire_index_;
	to.sll_halen = ETH_ALEN;
	memcpy(to.sll_addr, wan_address_, sizeof(wan_address_));
	if (sendto(wire_, packet.data(), packet.size(), 0, reinterpret_cast<sockaddr *>(&to), sizeof(to)) < 0)
		return failed("sending a packet");
	return {};
}

namespace {

// Connection tracking looks at the checksum before any rule does: a wrong one makes a packet "invalid".
void put_tcp_checksum(std::vector<uint8_t> &segment, uint8_t host) {
	struct {
		uint32_t from, to;
		uint8_t zero, protocol;
		uint16_t length;
	} pseudo{htonl(kNetwork + host), htonl(kNetwork + 1), 0, IPPROTO_TCP,
	         htons(static_cast<uint16_t>(segment.size()))};
	std::vector<uint8_t> all;
	append(all, pseudo);
	all.insert(all.end(), segment.begin(), segment.end());
	const uint16_t sum = checksum(all);
	segment[offsetof(tcphdr, th_sum)] = static_cast<uint8_t>(sum >> 8);
	segment[offsetof(tcphdr, th_sum) + 1] = static_cast<uint8_t>(sum);
}

} // namespace

Result<void> DemoNetwork::syn(uint8_t host, uint16_t source_port, uint16_t port) const {
	tcphdr tcp{};
	tcp.th_sport = htons(source_port);
	tcp.th_dport = htons(port);
	tcp.th_off = 10; // 20 bytes of options, as Linux sends: 60 bytes in all
	tcp.th_flags = TH_SYN;
	tcp.th_win = htons(64240);
	std::vector<uint8_t> bytes;
	append(bytes, tcp);
	bytes.resize(40, TCPOPT_NOP);
	put_tcp_checksum(bytes, host);
	return send(host, IPPROTO_TCP, bytes);
}

// A UDP checksum of 0 means none.
Result<void> DemoNetwork::datagram(uint8_t host, uint16_t source_port, uint16_t port) const {
	constexpr size_t kPayload = 52;
	udphdr udp{};
	udp.uh_sport = htons(source_port);
	udp.uh_dport = htons(port);
	udp.uh_ulen = htons(sizeof(udp) + kPayload);
	std::vector<uint8_t> bytes;
	append(bytes, udp);
	bytes.resize(sizeof(udp) + kPayload);
	return send(host, IPPROTO_UDP, bytes);
}

Result<void> DemoNetwork::over_loopback(uint16_t port) {
	const int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	sockaddr_in to{};
	to.sin_family = AF_INET;
	to.sin_port = htons(port);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	const bool ok = s >= 0 && sendto(s, "hello", 5, 0, reinterpret_cast<sockaddr *>(&to), sizeof(to)) == 5;
	if (s >= 0) close(s);
	if (!ok) return failed("sending over lo");
	return {};
}

} // namespace nft_drops::cli
