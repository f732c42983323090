// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/commands/counted.h"

#include "nft-ext/text/report.h"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <sys/socket.h>
#include <unistd.h>

namespace nft_drops::cli {
namespace {

using Wall = std::chrono::system_clock;

// The wall clock's time of a moment of another clock. The wall clock may have been set since: what it says now counts.
Wall::time_point wall(clockid_t clock, uint64_t ns) {
	timespec now{};
	clock_gettime(clock, &now);
	const auto age =
	        std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec) - std::chrono::nanoseconds(ns);
	return Wall::now() - std::chrono::duration_cast<Wall::duration>(age);
}

Drops drops_of(const nd_count &n) {
	return {n.packets, n.bytes, n.packets > 0 ? wall(CLOCK_MONOTONIC, n.last_ns) : Wall::time_point{}};
}

} // namespace

Result<uint64_t> present_netns_cookie() {
	constexpr int kNetnsCookie = 71; // SO_NETNS_COOKIE, which older headers do not have
	uint64_t cookie = 0;
	socklen_t size = sizeof(cookie);
	const int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const bool told = s >= 0 && getsockopt(s, SOL_SOCKET, kNetnsCookie, &cookie, &size) == 0;
	const int error = errno;
	if (s >= 0) close(s);
	if (!told)
		return cannot("network namespace", strerror(error), "Linux 5.14 or later is needed to tell its counts");
	return cookie;
}

std::string counting_where(const jit::Counting &counting) {
	return "counting at " +
	       where_it_looks(counting.meta().sites, counting.meta().release, counting.missed().complete);
}

Culprit culprit_of(const nd_count_key &key) {
	return {key.table, key.culprit >> 8, (key.culprit & 0xff) == ND_CAUSE_POLICY};
}

std::chrono::system_clock::time_point since(const jit::Figures &figures) {
	return wall(CLOCK_BOOTTIME, figures.meta.since_ns);
}

DropCounts counts_of(const jit::Figures &figures, uint64_t netns) {
	DropCounts counts;
	counts.since = since(figures);
	counts.lost = figures.missed.hits;
	counts.lost_complete = figures.missed.complete;
	counts.unlisted = drops_of(figures.unlisted);
	for (const auto &[key, n] : figures.counts) {
		if (key.netns == netns) counts.by_culprit[culprit_of(key)] += drops_of(n);
	}
	return counts;
}

} // namespace nft_drops::cli
