// SPDX-License-Identifier: GPL-2.0-only
#include "jit/count/figures.h"

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

bool has_form(int fd, bpf_map_type type, uint32_t key, uint32_t value) {
	bpf_map_info info{};
	uint32_t size = sizeof(info);
	return bpf_obj_get_info_by_fd(fd, &info, &size) == 0 && info.type == type && info.key_size == key &&
	       info.value_size == value;
}

void add(nd_count &sum, const nd_count &n) {
	sum.packets += n.packets;
	sum.bytes += n.bytes;
	sum.last_ns = std::max(sum.last_ns, n.last_ns);
}

// A rule or policy, and where each processor counts what it drops.
struct Places {
	nd_count_key key;
	std::vector<uint64_t> by_cpu;
};

// Nothing is ever taken out of the map, so that this visits each once.
Result<std::vector<Places>> read_places(int rules, size_t cpus) {
	std::vector<Places> all;
	Places one{{}, std::vector<uint64_t>(cpus)};
	for (const nd_count_key *before = nullptr; bpf_map_get_next_key(rules, before, &one.key) == 0;) {
		if (bpf_map_lookup_elem(rules, &one.key, one.by_cpu.data()) != 0)
			return fail("counts", strerror(errno));
		all.push_back(one);
		before = &all.back().key;
	}
	return all;
}

size_t memory_of(int fd) {
	std::ifstream info(fmt::format("/proc/self/fdinfo/{}", fd));
	for (std::string line; std::getline(info, line);) {
		if (line.starts_with("memlock:")) return strtoull(line.c_str() + strlen("memlock:"), nullptr, 10);
	}
	return 0;
}

} // namespace

Result<Figures> read_figures(const FigureSources &sources) {
	if (!has_form(sources.rules, BPF_MAP_TYPE_PERCPU_HASH, sizeof(nd_count_key), sizeof(uint64_t)) ||
	    !has_form(sources.counts, BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(uint32_t), sizeof(nd_count)) ||
	    !has_form(sources.meta, BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), sizeof(nd_count_meta)))
		return fail("counts", "they are not those of this nft-drops");
	Figures figures;
	const uint32_t zero = 0;
	const auto cpus = static_cast<size_t>(std::max(libbpf_num_possible_cpus(), 1));
	if (bpf_map_lookup_elem(sources.meta, &zero, &figures.meta) != 0) return fail("counts", strerror(errno));
	auto places = read_places(sources.rules, cpus);
	if (!places) return std::unexpected(places.error());
	uint64_t last = 0;
	for (const Places &rule : *places)
		last = std::max(last, std::ranges::max(rule.by_cpu));
	// After the places: what got one later has figures that nobody asks for.
	std::vector<nd_count> counts((last + 1) * cpus);
	for (uint32_t place = 0; place <= last; place++) {
		if (bpf_map_lookup_elem(sources.counts, &place, &counts[place * cpus]) != 0)
			return fail("counts", strerror(errno));
	}
	for (size_t cpu = 0; cpu < cpus; cpu++)
		add(figures.unlisted, counts[cpu]);
	for (const Places &rule : *places) {
		nd_count sum{};
		for (size_t cpu = 0; cpu < cpus; cpu++)
			if (rule.by_cpu[cpu] != 0) add(sum, counts[rule.by_cpu[cpu] * cpus + cpu]);
		figures.counts.emplace_back(rule.key, sum);
	}
	for (const auto &[link, program] : sources.sites)
		figures.missed += missed_by(link, program);
	for (const int fd : {sources.rules, sources.counts, sources.meta})
		figures.memory += memory_of(fd);
	for (const int fd : sources.others)
		figures.memory += memory_of(fd);
	return figures;
}

} // namespace nft_drops::jit
