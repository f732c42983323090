// SPDX-License-Identifier: GPL-2.0-only
// The flows and ports that CMD's sockets use, and whether a dropped packet concerns them.
//
// A packet concerns CMD if its socket is CMD's (nd_event.of_group), if both its ends are those of a flow of CMD's
// sockets, in either direction, or if it goes to a port of CMD's sockets on this machine. An ICMP error concerns CMD if
// the packet inside does. An ICMP echo has its identifier in place of ports. A flow or port counts from the moment at
// which a socket uses it until kKeptFor after that socket was closed, or after its last packet.
#ifndef NFT_DROPS_NFT_EXT_RUN_FLOW_BOOK_H
#define NFT_DROPS_NFT_EXT_RUN_FLOW_BOOK_H

#include "bpf/shared/event.h"
#include "bpf/shared/sockets.h"
#include "nft-ext/packet/packet.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

namespace nft_drops::cli {

class FlowBook {
public:
	static constexpr uint64_t kKeptFor = 5'000'000'000; // nanoseconds
	// Of flows; of ports; of sockets. What is beyond is not in the book: see left_out().
	static constexpr size_t kMost = 100'000;

	// `is_local`: whether an address (4 or 16 bytes) is one of this machine's. Asked only where the hook does not
	// tell it.
	explicit FlowBook(std::function<bool(const Address &)> is_local) : is_local_(std::move(is_local)) {}

	// In the order of the ring.
	void add(const nd_socket_record &record);
	// The packet is that of the event.
	[[nodiscard]] bool concerns(const nd_event &event, const Packet &packet) const;

	// Whether an answer may still come to a flow that was used since `since_ns` (CLOCK_MONOTONIC): nothing has come
	// yet.
	[[nodiscard]] bool waits(uint64_t since_ns) const;
	// The resolver on this machine that a socket asked, as text; empty: none was asked.
	[[nodiscard]] const std::string &resolver() const { return resolver_; }
	// Flows and ports that found no room.
	[[nodiscard]] uint64_t left_out() const { return left_out_; }
	[[nodiscard]] size_t size() const { return flows_.size(); }

private:
	using Bytes = std::array<uint8_t, 16>; // an IPv4 address is in the first 4
	struct Ends {
		Bytes local{}, remote{};
		uint16_t local_port = 0, remote_port = 0;
		uint8_t ip = 0, protocol = 0;
		bool operator==(const Ends &) const = default;
	};
	struct HashOfEnds {
		size_t operator()(const Ends &ends) const;
	};
	// One flow or port of a socket.
	struct Use {
		uint64_t cookie = 0;
		uint64_t first = 0, last = 0; // nanoseconds
		bool answered = false;
	};
	struct Socket {
		uint64_t closed = 0; // nanoseconds; 0: open
		uint64_t uses = 0;
	};
	struct Port {
		Bytes local{}; // all 0: of all addresses
		uint8_t ip = 0;
		Use use;
	};
	using PortKey = uint32_t; // protocol << 16 | port

	static Ends ends_of(const nd_socket_flow &flow);
	void add_flow(const Ends &ends, const nd_socket_record &record);
	void add_port(const Ends &ends, const nd_socket_record &record);
	void note_resolver(const Ends &ends);
	bool make_room(uint64_t now);
	void close(const nd_socket_record &record);
	[[nodiscard]] bool counts(const Use &use, uint64_t at) const;
	[[nodiscard]] bool over(const Use &use, uint64_t at) const;
	void release(const Use &use);
	[[nodiscard]] bool is_here(const nd_event &event, const Ends &ends) const;
	[[nodiscard]] bool is_flow(const nd_event &event, const Ends &ends) const;
	[[nodiscard]] bool is_port(const nd_event &event, const Ends &ends) const;

	std::function<bool(const Address &)> is_local_;
	std::unordered_map<Ends, Use, HashOfEnds> flows_;
	std::unordered_map<PortKey, std::vector<Port>> ports_;
	size_t port_count_ = 0;
	std::unordered_map<uint64_t, Socket> sockets_; // by cookie
	std::string resolver_;
	uint64_t purged_ = 0; // when, in nanoseconds
	uint64_t left_out_ = 0;
};

} // namespace nft_drops::cli

#endif
