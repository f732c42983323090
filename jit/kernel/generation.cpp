// SPDX-License-Identifier: GPL-2.0-only
#include "jit/kernel/generation.h"

#include <cstring>
#include <optional>
#include <sys/stat.h>

namespace nft_drops::jit {
namespace {

// The struct net of this thread, which a program may have moved to another namespace.
std::optional<uint64_t> find_namespace(uint64_t list, const Layout &lay, const KernelMemory &memory) {
	constexpr int kMostNamespaces = 100'000; // against a list that changes under our feet
	struct stat own{};
	if (stat("/proc/thread-self/ns/net", &own) != 0) return std::nullopt;
	uint64_t node = list;
	for (int i = 0; i < kMostNamespaces; i++) {
		auto next = memory.read_integer(node, 8);
		if (!next || *next == list) return std::nullopt;
		node = *next;
		const uint64_t net = node - lay.pernet.net_list.offset;
		auto inum = memory.read_integer(net + lay.probe.net_inum.offset, lay.probe.net_inum.size);
		if (inum && *inum == own.st_ino) return net;
	}
	return std::nullopt;
}

} // namespace

// struct nftables_pernet is some list_heads, then the mutex of commits, then up to two numbers of eight bytes, then the
// generation.
std::vector<nd_field> find_generation(uint64_t namespaces, uint32_t generation, const Layout &lay,
                                      const KernelMemory &memory) {
	constexpr uint64_t kListHead = 16;
	constexpr uint64_t kMostLists = 12;
	constexpr uint64_t kNumber = 8;
	constexpr uint64_t kMostNumbers = 2;
	const PernetLayout &pernet = lay.pernet;
	if (!namespaces || !pernet.net_list.size || !pernet.mutex_wait_list.size || !lay.probe.net_gen.size) return {};
	auto net = find_namespace(namespaces, lay, memory);
	auto generic = net ? memory.read_integer(*net + lay.probe.net_gen.offset, 8) : 0;
	auto at = generic && *generic ? memory.read_integer(*generic + 8 * uint64_t{lay.probe.pernet_id}, 8) : 0;
	if (!at || !*at) return {};

	// A list_head never holds NULL; the mutex begins with its owner, and now it has none. Nobody waits for it
	// either: its list of waiters points at itself.
	uint64_t mutex = 0;
	for (; mutex < kMostLists * kListHead; mutex += kListHead) {
		if (memory.read_integer(*at + mutex, 8).value_or(0) == 0) break;
	}
	const uint64_t waiters = *at + mutex + pernet.mutex_wait_list.offset;
	if (memory.read_integer(waiters, 8).value_or(0) != waiters) return {};
	const uint64_t end = mutex + pernet.mutex_size;
	std::vector<nd_field> found;
	for (uint64_t i = 0; i <= kMostNumbers; i++) {
		auto value = memory.read_integer(*at + end + i * kNumber, sizeof(generation));
		if (!value || *value != generation) continue;
		found.push_back({.offset = static_cast<nd_u16>(end + i * kNumber),
		                 .size = 4,
		                 .shift = 0,
		                 .bits = 0,
		                 .pad = {}});
	}
	return found;
}

} // namespace nft_drops::jit
