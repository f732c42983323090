// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/run/flow_book.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cstring>
#include <netinet/in.h>
#include <optional>
#include <string_view>
#include <utility>

#include <linux/netfilter.h>

namespace nft_drops::cli {
namespace {

constexpr uint64_t kPurgeEvery = 1'000'000'000;
constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}; // ::ffff:0:0/96

bool has_ports(uint8_t protocol) {
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE ||
	       protocol == IPPROTO_SCTP || protocol == IPPROTO_DCCP;
}

template <size_t size> bool is_zero(const std::array<uint8_t, size> &bytes) {
	return std::ranges::all_of(bytes, [](uint8_t b) { return b == 0; });
}

} // namespace

size_t FlowBook::HashOfEnds::operator()(const Ends &ends) const {
	char key[38];
	memcpy(key, ends.local.data(), 16);
	memcpy(key + 16, ends.remote.data(), 16);
	memcpy(key + 32, &ends.local_port, 2);
	memcpy(key + 34, &ends.remote_port, 2);
	key[36] = static_cast<char>(ends.ip);
	key[37] = static_cast<char>(ends.protocol);
	return std::hash<std::string_view>()({key, sizeof(key)});
}

// An IPv6 socket that speaks IPv4 has mapped addresses; its packets have none.
FlowBook::Ends FlowBook::ends_of(const nd_socket_flow &flow) {
	Ends ends{.local_port = flow.local_port,
	          .remote_port = flow.remote_port,
	          .ip = flow.ip,
	          .protocol = flow.protocol};
	memcpy(ends.local.data(), flow.local, 16);
	memcpy(ends.remote.data(), flow.remote, 16);
	const auto mapped = [](const Bytes &bytes) {
		return std::equal(kMapped.begin(), kMapped.end(), bytes.begin());
	};
	if (flow.ip != 6 || (!mapped(ends.local) && !mapped(ends.remote))) return ends;
	for (Bytes *bytes : {&ends.local, &ends.remote}) {
		Bytes four{};
		if (mapped(*bytes)) std::copy_n(bytes->begin() + 12, 4, four.begin());
		*bytes = four;
	}
	ends.ip = 4;
	return ends;
}

void FlowBook::add(const nd_socket_record &record) {
	const Ends ends = ends_of(record.flow);
	switch (record.kind) {
	case ND_SOCKET_SENT:
	case ND_SOCKET_RECEIVED:
		add_flow(ends, record);
		break;
	case ND_SOCKET_SENDS_TO:
		add_flow(ends, record);
		// Anybody may answer to an unconnected socket.
		add_port(ends, record);
		break;
	case ND_SOCKET_BOUND:
		add_port(ends, record);
		break;
	case ND_SOCKET_CLOSED:
		close(record);
		break;
	default:
		break;
	}
}

void FlowBook::add_flow(const Ends &ends, const nd_socket_record &record) {
	auto known = flows_.find(ends);
	if (known == flows_.end()) {
		if (flows_.size() >= kMost && !make_room(record.time_ns)) {
			left_out_++;
			return;
		}
		const Use fresh{.cookie = record.cookie, .first = record.time_ns, .last = record.time_ns};
		known = flows_.emplace(ends, fresh).first;
		sockets_[record.cookie].uses++;
	}
	Use &use = known->second;
	if (use.cookie != record.cookie) {
		// Another socket has taken the flow over: a listener's answer was the first packet of the accepted one.
		release(use);
		use.cookie = record.cookie;
		sockets_[record.cookie].uses++;
	}
	use.last = std::max<uint64_t>(use.last, record.time_ns);
	if (record.kind == ND_SOCKET_RECEIVED) use.answered = true;
	if (record.kind == ND_SOCKET_SENT) note_resolver(ends);
}

void FlowBook::add_port(const Ends &ends, const nd_socket_record &record) {
	if (!has_ports(ends.protocol) || ends.local_port == 0) return;
	std::vector<Port> &ports = ports_[PortKey{ends.protocol} << 16 | ends.local_port];
	for (Port &port : ports) {
		if (port.use.cookie != record.cookie || port.local != ends.local) continue;
		port.use.last = std::max<uint64_t>(port.use.last, record.time_ns);
		return;
	}
	if (port_count_ >= kMost && !make_room(record.time_ns)) {
		left_out_++;
		return;
	}
	const bool any = is_zero(ends.local);
	// An IPv6 socket at all addresses takes IPv4, too. An unconnected one sends with an address yet to be chosen.
	const uint8_t ip = any && ends.ip == 6 && record.kind == ND_SOCKET_BOUND ? uint8_t{0} : ends.ip;
	ports.push_back({ends.local, ip, {.cookie = record.cookie, .first = record.time_ns, .last = record.time_ns}});
	port_count_++;
	sockets_[record.cookie].uses++;
}

void FlowBook::note_resolver(const Ends &ends) {
	if (!resolver_.empty() || ends.remote_port != 53) return;
	if (ends.protocol != IPPROTO_UDP && ends.protocol != IPPROTO_TCP) return;
	const bool loopback =
	        ends.ip == 4 ? ends.remote[0] == 127 : memcmp(ends.remote.data(), &in6addr_loopback, 16) == 0;
	if (!loopback) return;
	char text[INET6_ADDRSTRLEN] = "";
	inet_ntop(ends.ip == 4 ? AF_INET : AF_INET6, ends.remote.data(), text, sizeof(text));
	resolver_ = text;
}

void FlowBook::close(const nd_socket_record &record) {
	const auto socket = sockets_.find(record.cookie);
	if (socket != sockets_.end()) socket->second.closed = record.time_ns;
}

// One of a socket's uses goes.
void FlowBook::release(const Use &use) {
	const auto socket = sockets_.find(use.cookie);
	if (socket != sockets_.end() && --socket->second.uses == 0) sockets_.erase(socket);
}

// Whether the use had ended, and the time for which it is kept was over, at a time.
bool FlowBook::over(const Use &use, uint64_t at) const {
	const auto socket = sockets_.find(use.cookie);
	if (socket == sockets_.end()) return at > use.last + kKeptFor;
	const uint64_t closed = socket->second.closed;
	return closed != 0 && at > std::max(closed, use.last) + kKeptFor;
}

bool FlowBook::counts(const Use &use, uint64_t at) const {
	return at >= use.first && !over(use, at);
}

// Forgets what is over. Looking at everything is worth it once a second at most.
bool FlowBook::make_room(uint64_t now) {
	if (now < purged_ + kPurgeEvery) return false;
	purged_ = now;
	const size_t before = flows_.size() + port_count_;
	std::erase_if(flows_, [&](const auto &flow) {
		if (!over(flow.second, now)) return false;
		release(flow.second);
		return true;
	});
	for (auto &[key, ports] : ports_) {
		port_count_ -= std::erase_if(ports, [&](const Port &port) {
			if (!over(port.use, now)) return false;
			release(port.use);
			return true;
		});
	}
	std::erase_if(ports_, [](const auto &ports) { return ports.second.empty(); });
	return flows_.size() + port_count_ < before;
}

// Whether `ends.local` is an address of this machine.
bool FlowBook::is_here(const nd_event &event, const Ends &ends) const {
	// A packet that is forwarded has both ends elsewhere.
	const bool inet = event.pf == NFPROTO_IPV4 || event.pf == NFPROTO_IPV6;
	if (inet && event.hook == NF_INET_FORWARD) return false;
	const Address address{.size = static_cast<uint8_t>(ends.ip == 4 ? 4 : 16), .bytes = ends.local};
	return is_local_(address);
}

bool FlowBook::is_flow(const nd_event &event, const Ends &ends) const {
	const auto found = [&](const Ends &one) {
		const auto flow = flows_.find(one);
		return flow != flows_.end() && counts(flow->second, event.time_ns);
	};
	if (found(ends)) return true;
	// Told by sendto(), in front of the choice of an address and of NAT. Another machine may use the same port.
	if (!has_ports(ends.protocol)) return false;
	Ends any = ends;
	any.local = {};
	return found(any) && is_here(event, ends);
}

// Whether a packet goes to one of CMD's ports; `ends.local` is its destination.
bool FlowBook::is_port(const nd_event &event, const Ends &ends) const {
	if (!has_ports(ends.protocol)) return false;
	const auto ports = ports_.find(PortKey{ends.protocol} << 16 | ends.local_port);
	if (ports == ports_.end()) return false;
	const bool fits = std::ranges::any_of(ports->second, [&](const Port &port) {
		return (port.ip == 0 || port.ip == ends.ip) && (is_zero(port.local) || port.local == ends.local) &&
		       counts(port.use, event.time_ns);
	});
	if (!fits) return false;
	const bool inet = event.pf == NFPROTO_IPV4 || event.pf == NFPROTO_IPV6;
	return (inet && event.hook == NF_INET_LOCAL_IN) || is_here(event, ends);
}

bool FlowBook::concerns(const nd_event &event, const Packet &packet) const {
	if (event.of_group != 0) return true;
	// The packet inside of an ICMP error was sent by the one whom the error concerns.
	if (packet.inside && !packet.is_inside) {
		nd_event inside = event;
		inside.hook = NF_INET_LOCAL_OUT; // the hook tells nothing about its addresses
		return concerns(inside, *packet.inside);
	}
	if (packet.saddr.size == 0 || packet.daddr.size != packet.saddr.size || !packet.protocol) return false;
	Ends to; // as the receiver sees it
	to.ip = packet.saddr.size == 4 ? 4 : 6;
	to.protocol = *packet.protocol;
	std::copy_n(packet.daddr.bytes.begin(), packet.daddr.size, to.local.begin());
	std::copy_n(packet.saddr.bytes.begin(), packet.saddr.size, to.remote.begin());
	if (packet.echo_id) {
		to.local_port = *packet.echo_id;
	} else if (packet.sport && packet.dport) {
		to.local_port = *packet.dport;
		to.remote_port = *packet.sport;
	} else if (has_ports(to.protocol) || to.protocol == IPPROTO_ICMP || to.protocol == IPPROTO_ICMPV6) {
		return false; // a later fragment, or another message of ICMP
	}
	Ends from = to;
	std::swap(from.local, from.remote);
	if (!packet.echo_id) std::swap(from.local_port, from.remote_port);
	return is_flow(event, to) || is_flow(event, from) || is_port(event, to);
}

bool FlowBook::waits(uint64_t since_ns) const {
	return std::ranges::any_of(flows_, [&](const auto &flow) {
		const auto &[ends, use] = flow;
		return !use.answered && use.last >= since_ns && !is_zero(ends.local);
	});
}

} // namespace nft_drops::cli
