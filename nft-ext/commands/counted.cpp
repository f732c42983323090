// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/commands/counted.h"

#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <unistd.h>

namespace nft_drops::cli {
namespace {

using Wall = std::chrono::system_clock;

// The wall clock's time of a moment of the kernel's CLOCK_BOOTTIME. The wall clock may have been set since: the present
// wall clock counts. A time namespace shifts this process's CLOCK_BOOTTIME, so the kernel's own is asked for.
Wall::time_point wall(const jit::RuleCounts &counts, uint64_t ns) {
	const std::chrono::nanoseconds age(static_cast<int64_t>(counts.now_ns - ns));
	return Wall::now() - std::chrono::duration_cast<Wall::duration>(age);
}

Drops drops_of(const jit::RuleCounts &counts, const nd_count &n) {
	return {n.packets, n.bytes, n.packets > 0 ? wall(counts, n.last_ns) : Wall::time_point{}};
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
		return unsupported("network namespace", strerror(error),
		                   "Linux 5.14 or later is needed to tell its counts");
	return cookie;
}

Culprit culprit_of(const nd_count_key &key) {
	return {key.table, key.culprit >> 8, (key.culprit & 0xff) == ND_CAUSE_POLICY};
}

std::chrono::system_clock::time_point since(const jit::RuleCounts &counts) {
	return wall(counts, counts.meta.since_ns);
}

DropCounts counts_of(const jit::RuleCounts &counts, uint64_t netns) {
	DropCounts here;
	here.since = since(counts);
	here.lost = counts.missed.hits;
	here.lost_complete = counts.missed.complete;
	here.unlisted = drops_of(counts, counts.unlisted);
	for (const jit::RuleCount &rule : counts.rules) {
		if (rule.key.netns == netns) here.by_culprit[culprit_of(rule.key)] += drops_of(counts, rule.count);
	}
	return here;
}

std::vector<jit::RuleCount> deleted_rules(const jit::RuleCounts &counts, uint64_t netns,
                                          const std::function<bool(const Culprit &)> &is_there) {
	std::vector<jit::RuleCount> deleted;
	for (const jit::RuleCount &rule : counts.rules)
		if (rule.key.netns == netns && !is_there(culprit_of(rule.key))) deleted.push_back(rule);
	return deleted;
}

std::vector<jit::RuleCount> deleted_rules(const jit::RuleCounts &counts, uint64_t netns, const RulesNow &now) {
	return deleted_rules(counts, netns, [&now](const Culprit &culprit) { return now.has(culprit); });
}

} // namespace nft_drops::cli
