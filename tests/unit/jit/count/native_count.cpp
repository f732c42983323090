// SPDX-License-Identifier: GPL-2.0-only
#include "native_count.h"

#include "bpf/objects.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>

namespace nft_drops::jit_test {
namespace {

constexpr const char *kMaps[] = {"nd_rules", "nd_counts", "nd_used", "nd_recent", "nd_changing"};

NativeCount *count;

void *map_lookup_elem(void *map, const void *key) {
	return count->look_up(reinterpret_cast<uint64_t>(map), key);
}
long map_update_elem(void *map, const void *key, const void *value, uint64_t flags) {
	return count->update(reinterpret_cast<uint64_t>(map), key, value, flags);
}
long map_delete_elem(void *map, const void *key) {
	return count->remove(reinterpret_cast<uint64_t>(map), key);
}
uint64_t ktime_get_ns() {
	return FakeKernel::present().time_ns;
}
uint64_t get_current_task() {
	return count->task;
}
long probe_read_kernel(void *to, uint32_t size, uint64_t from) {
	return FakeKernel::present().read(to, size, from);
}
uint64_t jiffies64() {
	return count->tick;
}

uint64_t helper(uint64_t number) {
	switch (number) {
	case 1:
		return address_of(map_lookup_elem);
	case 2:
		return address_of(map_update_elem);
	case 3:
		return address_of(map_delete_elem);
	case 5:
		return address_of(ktime_get_ns);
	case 35:
		return address_of(get_current_task);
	case 113:
		return address_of(probe_read_kernel);
	case 118:
		return address_of(jiffies64);
	default:
		return 0;
	}
}

CountKey key_of(const void *key) {
	nd_count_key k{};
	memcpy(&k, key, sizeof(k));
	return {k.netns, k.table, k.culprit};
}

void add(nd_count &sum, const nd_count &n) {
	sum.packets += n.packets;
	sum.bytes += n.bytes;
	sum.last_ns = std::max(sum.last_ns, n.last_ns);
}

template <typename T> T value_of(const void *bytes) {
	T value;
	memcpy(&value, bytes, sizeof(value));
	return value;
}

} // namespace

NativeCount::NativeCount(const nd_layout &layout, const nd_site &site, size_t max_rules)
    : max_rules_(max_rules), counts_(max_rules + 1), code_({.shape = bpf::count_bitcode(),
                                                            .layout = layout,
                                                            .sites = {&site, 1},
                                                            .maps = kMaps,
                                                            .helper = helper,
                                                            .prepare = {}}),
      rules_map_(code_.address("nd_rules")), counts_map_(code_.address("nd_counts")),
      used_map_(code_.address("nd_used")), recent_map_(code_.address("nd_recent")),
      changing_map_(code_.address("nd_changing")), site_(code_.program(fmt::format("nd_site_{}", site.index))),
      begins_(code_.program("nd_newchain_begins")), ends_(code_.program("nd_commit_ends")) {
	count = this;
}

NativeCount::~NativeCount() {
	count = nullptr;
}

void *NativeCount::look_up(uint64_t map, const void *key) {
	const uint32_t cpu = FakeKernel::present().cpu;
	if (map == rules_map_) {
		const auto found = rules.find(key_of(key));
		return found == rules.end() ? nullptr : &found->second[cpu];
	}
	if (map == changing_map_) {
		const auto found = changing_.find(value_of<uint64_t>(key));
		return found == changing_.end() ? nullptr : const_cast<uint64_t *>(&*found);
	}
	const auto index = value_of<uint32_t>(key);
	if (map == counts_map_ && index < counts_.size()) return &counts_[index][cpu];
	if (map == recent_map_ && index < recent_[cpu].size()) return &recent_[cpu][index];
	if (map == used_map_ && index == 0) return &used_[cpu];
	FakeKernel::present().bad_call = true;
	return nullptr;
}

long NativeCount::update(uint64_t map, const void *key, const void *value, uint64_t flags) {
	if (flags != 1 || (map != rules_map_ && map != changing_map_)) FakeKernel::present().bad_call = true;
	if (map == changing_map_) return changing_.insert(value_of<uint64_t>(key)).second ? 0 : -EEXIST;
	if (rules.contains(key_of(key))) return -EEXIST;
	if (rules.size() == max_rules_) return -E2BIG;
	rules[key_of(key)][FakeKernel::present().cpu] = value_of<uint64_t>(value);
	return 0;
}

long NativeCount::remove(uint64_t map, const void *key) {
	if (map != changing_map_) FakeKernel::present().bad_call = true;
	return changing_.erase(value_of<uint64_t>(key)) ? 0 : -ENOENT;
}

nd_count NativeCount::of(const CountKey &key) const {
	nd_count sum{};
	const auto found = rules.find(key);
	for (size_t cpu = 0; found != rules.end() && cpu < kProcessors; cpu++)
		if (const uint64_t place = found->second[cpu]) add(sum, counts_.at(place)[cpu]);
	return sum;
}

nd_count NativeCount::unlisted() const {
	nd_count sum{};
	for (const nd_count &n : counts_[0])
		add(sum, n);
	return sum;
}

} // namespace nft_drops::jit_test
