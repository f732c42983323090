// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/ruleset/netlink/netlink.h"

#include "nft-ext/ruleset/netlink/attributes.h"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

namespace nft_drops {
namespace {

// Holds the events of 100,000 rules (measured; the default holds about 200).
constexpr int kReceiveBuffer = 64 << 20;

std::unexpected<Error> netlink_error(const char *action) {
	const int error = errno;
	if (error == EPERM)
		return unsupported("nf_tables", std::string(action) + ": " + strerror(error),
		                   "run as root (CAP_NET_ADMIN is needed)");
	return usage_error("nf_tables", std::string(action) + ": " + strerror(error));
}

} // namespace

uint64_t now_ns() {
	timespec time{};
	clock_gettime(CLOCK_MONOTONIC, &time);
	return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
}

Result<Query> Query::open(int bus) {
	MnlSocket socket(mnl_socket_open2(bus, SOCK_CLOEXEC));
	if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0)
		return netlink_error("opening a netlink socket");
	const int descriptor = mnl_socket_get_fd(socket.get());
	// Single objects are answered at once, all answers wait in the socket.
	setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof(kReceiveBuffer));
	const timeval patience{.tv_sec = 10, .tv_usec = 0};
	setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return Query(std::move(socket));
}

Result<Query::Outcome> Query::ask(Requests requests, const Visit &visit) {
	requests.number(++sequence_);
	if (mnl_socket_sendto(socket_.get(), requests.bytes().data(), requests.bytes().size()) < 0)
		return netlink_error("asking");
	return receive(false, visit);
}

Result<void> Query::ask_for_any(Requests requests, const Visit &visit) {
	requests.add_nothing(); // what its acknowledgement follows on is complete
	requests.number(++sequence_);
	if (mnl_socket_sendto(socket_.get(), requests.bytes().data(), requests.bytes().size()) < 0)
		return netlink_error("asking");
	const auto outcome = receive(true, visit);
	if (!outcome) return std::unexpected(outcome.error());
	return {};
}

Result<Query::Outcome> Query::receive(bool skip_missing, const Visit &visit) {
	bool interrupted = false;
	for (;;) {
		const ssize_t got = mnl_socket_recvfrom(socket_.get(), buffer_.get(), kNetlinkBuffer);
		if (got < 0) {
			if (errno == EINTR) continue;
			return netlink_error("reading an answer");
		}
		auto left = static_cast<int>(got);
		for (const auto *message = reinterpret_cast<const nlmsghdr *>(buffer_.get());
		     mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
			if (message->nlmsg_seq != sequence_) continue; // left over from a request that failed
			if ((message->nlmsg_flags & NLM_F_DUMP_INTR) != 0) interrupted = true;
			if (message->nlmsg_type == NLMSG_DONE)
				return interrupted ? Outcome::kInterrupted : Outcome::kDone;
			if (message->nlmsg_type == NLMSG_ERROR) {
				if (mnl_nlmsg_get_payload_len(message) < sizeof(nlmsgerr))
					return usage_error("nf_tables", "a netlink error message is cut short");
				errno = -static_cast<const nlmsgerr *>(mnl_nlmsg_get_payload(message))->error;
				if (errno == 0) return interrupted ? Outcome::kInterrupted : Outcome::kDone;
				if (errno == ENOENT && skip_missing) continue;
				if (errno == ENOENT) return Outcome::kMissing;
				if (errno == EINTR || errno == EAGAIN) return Outcome::kInterrupted;
				return netlink_error("asking");
			}
			if (message->nlmsg_type >= NLMSG_MIN_TYPE) visit(message);
		}
	}
}

Result<uint32_t> Query::generation() {
	Requests requests;
	requests.get_generation();
	requests.acknowledge();
	uint32_t generation = 0;
	const auto outcome = ask(std::move(requests), [&generation](const nlmsghdr *message) {
		for_each_attribute(message, sizeof(nfgenmsg), [&](const nlattr *attribute) {
			if (mnl_attr_get_type(attribute) == NFTA_GEN_ID) generation = u32_of(attribute);
		});
	});
	if (!outcome) return std::unexpected(outcome.error());
	return generation;
}

Result<Listener> Listener::open(int bus, unsigned group) {
	MnlSocket socket(mnl_socket_open2(bus, SOCK_CLOEXEC | SOCK_NONBLOCK));
	if (!socket) return netlink_error("opening a netlink socket");
	setsockopt(mnl_socket_get_fd(socket.get()), SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer,
	           sizeof(kReceiveBuffer));
	auto membership = static_cast<int>(group);
	if (mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_setsockopt(socket.get(), NETLINK_ADD_MEMBERSHIP, &membership, sizeof(membership)) < 0)
		return netlink_error("listening for changes");
	return Listener(std::move(socket));
}

Listener::Outcome Listener::drain(const Visit &visit) {
	auto outcome = Outcome::kEmpty;
	for (;;) {
		const ssize_t got = mnl_socket_recvfrom(socket_.get(), buffer_.get(), kNetlinkBuffer);
		if (got < 0) {
			if (errno == EINTR) continue;
			if (errno == EAGAIN) return outcome;
			// ENOBUFS is told once; ENOSPC: a message longer than the buffer was cut.
			if (errno == ENOBUFS || errno == ENOSPC) {
				outcome = Outcome::kOverflowed;
				continue;
			}
			return Outcome::kOverflowed;
		}
		auto left = static_cast<int>(got);
		for (const auto *message = reinterpret_cast<const nlmsghdr *>(buffer_.get());
		     mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left))
			if (message->nlmsg_type >= NLMSG_MIN_TYPE) visit(message);
	}
}

} // namespace nft_drops
