// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/details/socket_of.h"

#include "jit/base/descriptor.h"
#include "nft-ext/packet/packet.h"
#include "nft-ext/ruleset/netlink/attributes.h"

#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netfilter.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace nft_drops {
namespace {

constexpr uint8_t kInput = 1;            // NF_INET_LOCAL_IN
constexpr uint8_t kSynReceived = 3;      // TCP_SYN_RECV
constexpr uint8_t kTimeWait = 6;         // TCP_TIME_WAIT
constexpr uint16_t kGroupAttribute = 21; // INET_DIAG_CGROUP_ID, Linux 5.9

void put_address(const Address &from, __be32 (&to)[4]) {
	memcpy(to, from.bytes.data(), std::min<size_t>(from.size, sizeof(to)));
}

bool is_loaded(const char *module) {
	const jit::Descriptor folder(open(module, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	return folder.get() >= 0;
}

} // namespace

bool has_socket_to_seek(const nd_event &event) {
	if (event.hook != kInput || (event.pf != NFPROTO_IPV4 && event.pf != NFPROTO_IPV6)) return false;
	const Packet packet = decode(event);
	return (packet.l4 == L4::kTcp || packet.l4 == L4::kUdp) && packet.sport && packet.dport && packet.saddr.size &&
	       packet.daddr.size;
}

namespace {

bool is_tcp(const inet_diag_req_v2 &wanted) {
	return wanted.sdiag_protocol == IPPROTO_TCP;
}

// The socket and its state (enum of <net/tcp_states.h>).
struct Told {
	SocketFound socket;
	uint8_t state = 0;
};

Result<std::optional<Told>> ask(Query &sockets, const inet_diag_req_v2 &wanted) {
	alignas(nlmsghdr) std::array<char, 256> buffer{};
	nlmsghdr *message = mnl_nlmsg_put_header(buffer.data());
	message->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	memcpy(mnl_nlmsg_put_extra_header(message, sizeof(wanted)), &wanted, sizeof(wanted));
	Requests request;
	request.add(message);
	std::optional<Told> found;
	const auto outcome = sockets.ask(std::move(request), [&found](const nlmsghdr *answer) {
		if (answer->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
		    mnl_nlmsg_get_payload_len(answer) < sizeof(inet_diag_msg))
			return;
		inet_diag_msg told{};
		memcpy(&told, mnl_nlmsg_get_payload(answer), sizeof(told));
		auto &[socket, state] = found.emplace();
		state = told.idiag_state;
		socket.uid = told.idiag_uid;
		socket.inode = told.idiag_inode;
		socket.cookie = uint64_t{told.id.idiag_cookie[1]} << 32 | told.id.idiag_cookie[0];
		for_each_attribute(answer, sizeof(inet_diag_msg), [&found](const nlattr *attribute) {
			if (mnl_attr_get_type(attribute) == kGroupAttribute &&
			    mnl_attr_validate(attribute, MNL_TYPE_U64) == 0)
				found->socket.group = mnl_attr_get_u64(attribute);
		});
	});
	if (!outcome) return std::unexpected(outcome.error());
	// ENOENT: there is no such socket, or nobody who could tell (inet_diag_lock_handler).
	if (!found && !is_loaded(is_tcp(wanted) ? "/sys/module/tcp_diag" : "/sys/module/udp_diag"))
		return unsupported("sockets", "the kernel does not tell whose they are");
	return found;
}

inet_diag_req_v2 request_for(int family, int protocol) {
	inet_diag_req_v2 wanted{};
	wanted.sdiag_family = static_cast<uint8_t>(family);
	wanted.sdiag_protocol = static_cast<uint8_t>(protocol);
	wanted.idiag_states = ~0U;
	wanted.id.idiag_cookie[0] = wanted.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	return wanted;
}

} // namespace

Result<std::optional<SocketFound>> seek_socket(Query &sockets, const nd_event &event) {
	const Packet packet = decode(event);
	const bool tcp = packet.l4 == L4::kTcp;
	auto wanted = request_for(packet.saddr.size == 4 ? AF_INET : AF_INET6, tcp ? IPPROTO_TCP : IPPROTO_UDP);
	// tcp_diag takes the socket's end for the source, udp_diag the packet's (udp_dump_one).
	wanted.id.idiag_sport = htons(tcp ? packet.dport.value_or(0) : packet.sport.value_or(0));
	wanted.id.idiag_dport = htons(tcp ? packet.sport.value_or(0) : packet.dport.value_or(0));
	put_address(tcp ? packet.daddr : packet.saddr, wanted.id.idiag_src);
	put_address(tcp ? packet.saddr : packet.daddr, wanted.id.idiag_dst);
	wanted.id.idiag_if = event.iif;
	auto told = ask(sockets, wanted);
	if (told && *told && tcp && (*told)->state == kSynReceived) {
		// inet_req_diag_fill() tells no owner: a connection that is not accepted yet is its listener's.
		wanted.id.idiag_dport = 0;
		memset(wanted.id.idiag_dst, 0, sizeof(wanted.id.idiag_dst));
		told = ask(sockets, wanted);
	}
	if (!told) return std::unexpected(told.error());
	if (!*told) return std::nullopt;
	if (tcp && (*told)->state == kTimeWait)
		return unsupported("sockets", "a socket in TIME_WAIT has no owner any more");
	return (*told)->socket;
}

void load_socket_modules(Query &sockets) {
	// Nobody listens at port 0, so there is no answer to look at.
	for (const int protocol : {IPPROTO_TCP, IPPROTO_UDP})
		static_cast<void>(ask(sockets, request_for(AF_INET, protocol)));
}

} // namespace nft_drops
