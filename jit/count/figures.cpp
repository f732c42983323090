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

nd_count sum_of(const std::vector<nd_count> &by_cpu) {
	nd_count sum{};
	for (const nd_count &n : by_cpu) {
		sum.packets += n.packets;
		sum.bytes += n.bytes;
		sum.last_ns = std::max(sum.last_ns, n.last_ns);
	}
	return sum;
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
	if (!has_form(sources.counts, BPF_MAP_TYPE_PERCPU_HASH, sizeof(nd_count_key), sizeof(nd_count)) ||
	    !has_form(sources.unlisted, BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(uint32_t), sizeof(nd_count)) ||
	    !has_form(sources.meta, BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), sizeof(nd_count_meta)))
		return fail("counts", "they are not those of this nft-drops");
	Figures figures;
	uint32_t zero = 0;
	std::vector<nd_count> by_cpu(static_cast<size_t>(std::max(libbpf_num_possible_cpus(), 1)));
	if (bpf_map_lookup_elem(sources.meta, &zero, &figures.meta) != 0 ||
	    bpf_map_lookup_elem(sources.unlisted, &zero, by_cpu.data()) != 0)
		return fail("counts", strerror(errno));
	figures.unlisted = sum_of(by_cpu);
	// Nothing is ever taken out of the map, so that this visits each once.
	nd_count_key key{};
	for (const nd_count_key *before = nullptr; bpf_map_get_next_key(sources.counts, before, &key) == 0;) {
		if (bpf_map_lookup_elem(sources.counts, &key, by_cpu.data()) != 0)
			return fail("counts", strerror(errno));
		figures.counts.emplace_back(key, sum_of(by_cpu));
		before = &figures.counts.back().first;
	}
	for (const auto &[link, program] : sources.sites)
		figures.missed += missed_by(link, program);
	for (const int fd : {sources.counts, sources.unlisted, sources.meta})
		figures.memory += memory_of(fd);
	return figures;
}

} // namespace nft_drops::jit
