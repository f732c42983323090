// SPDX-License-Identifier: GPL-2.0-only
#include "traffic.h"

#include "tasks.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <unistd.h>

namespace nft_drops::bench {
namespace {

using namespace std::chrono_literals;

// Long enough for any program to see, and to have written, what was sent. Nobody waits for it: the clock jumps.
constexpr auto kSettle = 3s;
constexpr size_t kIdlePeriods = 9;

[[noreturn]] void stop(const char *what) {
	std::perror(what);
	std::abort();
}

// With QEMU's -icount shift=0 a nanosecond is an instruction.
int64_t now() {
	return std::chrono::steady_clock::now().time_since_epoch().count();
}

} // namespace

Traffic::Traffic(uint16_t port, bool heard, size_t bytes)
    : socket_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)),
      receiver_(heard ? socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) : -1), payload_(bytes) {
	sockaddr_in to{};
	to.sin_family = AF_INET;
	to.sin_port = htons(port);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	const auto *address = reinterpret_cast<const sockaddr *>(&to);
	if (heard && bind(receiver_, address, sizeof(to)) != 0) stop("bind");
	if (connect(socket_, address, sizeof(to)) != 0) stop("connect");
}

Traffic::~Traffic() {
	close(socket_);
	if (receiver_ >= 0) close(receiver_);
}

void Traffic::send(int count) const {
	std::vector<char> received(payload_.size());
	for (int i = 0; i < count; i++) {
		if (::send(socket_, payload_.data(), payload_.size(), 0) < 0) stop("send");
		if (receiver_ >= 0 && recv(receiver_, received.data(), received.size(), 0) < 0) stop("recv");
	}
}

double Traffic::cost(int count, double idle) {
	const int64_t start = now();
	send(count);
	const int64_t sent = now();
	const int64_t ran = tasks_ran();
	std::this_thread::sleep_for(kSettle);
	const double seconds = std::chrono::duration<double>(kSettle + std::chrono::nanoseconds(sent - start)).count();
	return (static_cast<double>(sent - start + tasks_ran() - ran) - idle * seconds) / count;
}

double idle_cost() {
	std::array<double, kIdlePeriods> costs{};
	for (double &cost : costs) {
		const int64_t ran = tasks_ran();
		std::this_thread::sleep_for(kSettle);
		cost = static_cast<double>(tasks_ran() - ran) / std::chrono::duration<double>(kSettle).count();
	}
	std::ranges::sort(costs);
	return costs[kIdlePeriods / 2];
}

} // namespace nft_drops::bench
