// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/live/generation.h"

#include <algorithm>
#include <optional>
#include <sys/stat.h>

namespace nft_drops::jit {
namespace {

// The struct net of the calling thread. setns(2) may have moved the thread to another network namespace.
std::optional<uint64_t> own_namespace(const Layout &lay, const KernelMemory &memory) {
	const PernetLayout &pernet = lay.pernet;
	struct stat own{};
	if (!pernet.task_nsproxy.size || !pernet.nsproxy_net.size) return std::nullopt;
	if (stat("/proc/thread-self/ns/net", &own) != 0) return std::nullopt;
	auto at = memory.this_thread();
	for (const nd_field *pointer : {&pernet.task_nsproxy, &pernet.nsproxy_net})
		if (at) at = memory.read_integer(*at + pointer->offset, 8);
	auto inum = at ? memory.read_integer(*at + lay.probe.net_inum.offset, lay.probe.net_inum.size) : at;
	if (!inum || *inum != own.st_ino) return std::nullopt;
	return *at;
}

bool is_list(uint64_t head, const KernelMemory &memory) {
	const uint64_t first = memory.read_integer(head, 8).value_or(0);
	return first && memory.read_integer(first + 8, 8).value_or(0) == head; // list_head.prev
}

// True if the bytes at `at` look like a struct nftables_pernet, judged by its BTF.
bool is_pernet(uint64_t at, uint32_t generation, const Layout &lay, const KernelMemory &memory) {
	const PernetLayout &pernet = lay.pernet;
	const nd_field &base_seq = lay.probe.pernet_base_seq;
	if (memory.read_integer(at + base_seq.offset, base_seq.size).value_or(~uint64_t{0}) != generation) return false;
	if (pernet.tables.size && !is_list(at + pernet.tables.offset, memory)) return false;
	return !pernet.commit_mutex.size || !pernet.mutex_wait_list.size ||
	       is_list(at + pernet.commit_mutex.offset + pernet.mutex_wait_list.offset, memory);
}

// Without BTF: struct nftables_pernet begins with some list_heads, then has commit_mutex, then up to two numbers of
// eight bytes, then the generation.
std::vector<nd_field> places_in(uint64_t at, uint32_t generation, const PernetLayout &pernet,
                                const KernelMemory &memory) {
	constexpr uint64_t kListHead = 16;
	constexpr uint64_t kMostLists = 12;
	constexpr uint64_t kNumber = 8;
	constexpr uint64_t kMostNumbers = 2;
	if (!pernet.mutex_wait_list.size) return {};
	// A list_head never holds NULL. The mutex begins with its owner, and a free mutex has none. Nobody waits for a
	// free mutex: the mutex's list of waiters points at itself.
	uint64_t mutex = 0;
	for (; mutex < kMostLists * kListHead; mutex += kListHead) {
		if (memory.read_integer(at + mutex, 8).value_or(0) == 0) break;
	}
	const uint64_t waiters = at + mutex + pernet.mutex_wait_list.offset;
	if (memory.read_integer(waiters, 8).value_or(0) != waiters) return {};
	const uint64_t end = mutex + pernet.mutex_size;
	std::vector<nd_field> found;
	for (uint64_t i = 0; i <= kMostNumbers; i++) {
		auto value = memory.read_integer(at + end + i * kNumber, sizeof(generation));
		if (!value || *value != generation) continue;
		found.push_back({.offset = static_cast<nd_u16>(end + i * kNumber),
		                 .size = 4,
		                 .shift = 0,
		                 .bits = 0,
		                 .pad = {}});
	}
	return found;
}

} // namespace

std::vector<GenerationPlace> find_generation(uint32_t pernet_id, uint32_t generation, const Layout &lay,
                                             const KernelMemory &memory) {
	constexpr uint64_t kMostIds = 1000; // a kernel has some fifty
	if (!lay.probe.net_gen.size) return {};
	auto net = own_namespace(lay, memory);
	auto generic = net ? memory.read_integer(*net + lay.probe.net_gen.offset, 8).value_or(0) : 0;
	if (!generic) return {};
	uint64_t first = pernet_id;
	uint64_t end = first + 1;
	if (!pernet_id) {
		const nd_field &length = lay.pernet.generic_len;
		if (!length.size) return {};
		first = 1;
		end = std::min(memory.read_integer(generic + length.offset, length.size).value_or(0), kMostIds);
	}
	std::vector<GenerationPlace> found;
	for (uint64_t id = first; id < end; id++) {
		const uint64_t at = memory.read_integer(generic + 8 * id, 8).value_or(0);
		if (!at) continue;
		std::vector<nd_field> places;
		if (!lay.probe.pernet_base_seq.size)
			places = places_in(at, generation, lay.pernet, memory);
		else if (is_pernet(at, generation, lay, memory))
			places.push_back(lay.probe.pernet_base_seq);
		for (const nd_field &place : places)
			found.push_back({static_cast<nd_u32>(id), place});
	}
	return found;
}

} // namespace nft_drops::jit
