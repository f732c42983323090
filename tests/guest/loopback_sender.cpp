// SPDX-License-Identifier: GPL-2.0-only
#include "loopback_sender.h"

#include "running.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>

namespace nft_drops::guest {

sockaddr_in address(uint32_t ip, unsigned port) {
	sockaddr_in to{};
	to.sin_family = AF_INET;
	to.sin_port = htons(static_cast<uint16_t>(port));
	to.sin_addr.s_addr = htonl(ip);
	return to;
}

namespace {

// In the child, whose exit status tells what failed.
void send_datagram(int s, const Datagram &datagram, size_t size) {
	std::array<char, 50> bytes{};
	sockaddr_in to = address(INADDR_LOOPBACK, datagram.port);
	iovec data{bytes.data(), size};
	alignas(cmsghdr) char control[CMSG_SPACE(sizeof(in_pktinfo))] = {};
	msghdr message{};
	message.msg_name = &to;
	message.msg_namelen = sizeof(to);
	message.msg_iov = &data;
	message.msg_iovlen = 1;
	message.msg_control = control;
	message.msg_controllen = sizeof(control);
	cmsghdr *c = CMSG_FIRSTHDR(&message);
	c->cmsg_level = IPPROTO_IP;
	c->cmsg_type = IP_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof(in_pktinfo));
	in_pktinfo info{};
	info.ipi_spec_dst.s_addr = htonl(datagram.from);
	memcpy(CMSG_DATA(c), &info, sizeof(info));
	if (sendmsg(s, &message, 0) < 0) _exit(3);
}

[[noreturn]] void send_all(int cpu, unsigned count, unsigned echo, const std::function<Datagram(unsigned)> &next) {
	constexpr unsigned kInQueue = 250;
	cpu_set_t here;
	CPU_ZERO(&here);
	CPU_SET(cpu, &here);
	if (sched_setaffinity(0, sizeof(here), &here) != 0) _exit(2);
	const unsigned own_port = echo + static_cast<unsigned>(cpu);
	const int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const sockaddr_in self = address(INADDR_ANY, own_port);
	const timeval patience{60, 0};
	if (bind(s, reinterpret_cast<const sockaddr *>(&self), sizeof(self)) != 0 ||
	    setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0)
		_exit(4);
	for (unsigned i = 0; i < count; i++) {
		send_datagram(s, next(i), 1 + i % 50);
		if (i % kInQueue != 0 && i + 1 != count) continue;
		send_datagram(s, {INADDR_LOOPBACK, own_port}, 1);
		char byte = 0;
		if (recv(s, &byte, sizeof(byte), 0) != 1) _exit(5);
	}
	_exit(0);
}

} // namespace

pid_t send_over_loopback(int cpu, unsigned count, unsigned echo, const std::function<Datagram(unsigned)> &next) {
	const pid_t child = fork();
	if (child == 0) send_all(cpu, count, echo, next);
	return child;
}

void ends_well(pid_t child) {
	int status = 0;
	ASSERT_EQ(waitpid(child, &status, 0), child);
	ASSERT_EQ(status, 0);
}

std::map<uint64_t, std::pair<uint64_t, uint64_t>> nft_counters() {
	std::map<uint64_t, std::pair<uint64_t, uint64_t>> sums;
	const auto ruleset = nlohmann::json::parse(shell("nft -j list ruleset"));
	for (const auto &object : ruleset.at("nftables")) {
		if (!object.contains("rule")) continue;
		const auto &rule = object.at("rule");
		for (const auto &e : rule.at("expr"))
			if (e.contains("counter"))
				sums[rule.at("handle")] = {e.at("counter").at("packets"), e.at("counter").at("bytes")};
	}
	return sums;
}

std::map<size_t, uint64_t> counters_by_comment() {
	std::map<size_t, uint64_t> all;
	const auto listing = nlohmann::json::parse(shell("nft -j list ruleset"));
	for (const auto &object : listing["nftables"]) {
		if (!object.contains("rule") || !object["rule"].contains("comment")) continue;
		for (const auto &expression : object["rule"]["expr"])
			if (expression.contains("counter"))
				all[std::stoul(object["rule"]["comment"].get<std::string>())] +=
				        expression["counter"]["packets"].get<uint64_t>();
	}
	return all;
}

} // namespace nft_drops::guest
