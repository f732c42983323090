// SPDX-License-Identifier: GPL-2.0-only
#include "jit/count/rule_counts.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

namespace nft_drops::jit {
namespace {

// A pair of packets and bytes that changes faster than it can be read twice is taken as it is.
constexpr int kAttempts = 8;

bool same(const nd_count_key &a, const nd_count_key &b) {
	return a.netns == b.netns && a.table == b.table && a.culprit == b.culprit;
}

void add(nd_count &sum, const nd_count &n) {
	sum.packets += n.packets;
	sum.bytes += n.bytes;
	sum.last_ns = std::max(sum.last_ns, n.last_ns);
}

class Counts {
public:
	Counts(const MappedArray<nd_count> &counts, const nd_count_meta &meta) : counts_(counts), meta_(meta) {}

	[[nodiscard]] nd_count of(uint32_t number) const {
		nd_count sum{};
		for (size_t lane = 0; lane < meta_.lanes; lane++)
			add(sum, settled(lane * (meta_.capacity + 1) + number));
		return sum;
	}

private:
	// The kernel adds to packets first, to bytes then.
	[[nodiscard]] nd_count settled(size_t place) const {
		nd_count before = counts_.read(place);
		for (int i = 0; i < kAttempts; i++) {
			const nd_count after = counts_.read(place);
			if (after.packets == before.packets && after.bytes == before.bytes) break;
			before = after;
		}
		return before;
	}

	const MappedArray<nd_count> &counts_;
	const nd_count_meta &meta_;
};

size_t memory_of(int fd) {
	std::ifstream info(fmt::format("/proc/self/fdinfo/{}", fd));
	for (std::string line; std::getline(info, line);) {
		if (line.starts_with("memlock:")) return strtoull(line.c_str() + strlen("memlock:"), nullptr, 10);
	}
	return 0;
}

} // namespace

Result<RuleCounts> read_rule_counts(const CountSources &sources) {
	const auto rules = open_array<nd_rule>(sources.rules);
	const auto counts = open_array<nd_count>(sources.counts);
	const auto state = open_array<nd_count_state>(sources.state);
	const auto meta = open_array<nd_count_meta>(sources.meta);
	if (meta.size() != 1 || state.size() != 1) return usage_error("counts", "they are not those of this nft-drops");
	RuleCounts read;
	read.meta = meta.read(0);
	const uint32_t capacity = read.meta.capacity;
	if (rules.size() != capacity + 1UL || counts.size() != (capacity + 1UL) * read.meta.lanes)
		return usage_error("counts", "they are not those of this nft-drops");
	if (!tidy(sources.tidy, nullptr)) return usage_error("counts", strerror(errno), "run as root");
	read.now_ns = state.read(0).now_ns;
	const Counts of(counts, read.meta);
	read.unlisted = read.all = of.of(0);
	for (uint32_t number = 1; number <= capacity; number++) {
		const nd_rule rule = rules.read(number);
		// After the rule: figures never decrease, so they are not below where its owner started. And once, so
		// that all figures add up.
		nd_count sum = of.of(number);
		if (sum.packets == 0) continue;
		add(read.all, sum);
		// The number was given to another rule meanwhile, which has dropped hardly anything yet.
		if (rule.state != ND_RULE_USED || !same(rule.key, rules.read(number).key)) continue;
		if (rule.key.netns == 0 || rule.key.table == 0 || rule.key.culprit == 0) continue;
		sum.packets -= rule.start_packets;
		sum.bytes -= rule.start_bytes;
		read.rules.push_back({number, rule.key, sum});
	}
	read.missed = missed_at(sources.sites);
	for (const int fd : {sources.rules, sources.counts, sources.state, sources.meta})
		read.memory += memory_of(fd);
	for (const int fd : sources.others)
		read.memory += memory_of(fd);
	return read;
}

bool tidy(int program, const RuleCount *deleted) {
	nd_tidy_request request{};
	if (deleted) {
		request.number = deleted->number;
		request.key = deleted->key;
	}
	LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = &request, .ctx_size_in = sizeof(request));
	return bpf_prog_test_run_opts(program, &run) == 0;
}

} // namespace nft_drops::jit
