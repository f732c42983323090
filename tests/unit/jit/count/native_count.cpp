// SPDX-License-Identifier: GPL-2.0-only
#include "native_count.h"

#include "bpf/objects.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <utility>

namespace nft_drops::jit_test {
namespace {

constexpr const char *kMaps[] = {"nd_rules", "nd_counts", "nd_index", "nd_free",     "nd_cpus",
                                 "nd_late",  "nd_lock",   "nd_state", "nd_changing", "nd_ignored"};
constexpr long kBusy = -EEXIST;

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
long map_push_elem(void *map, const void *value, uint64_t) {
	return count->push(reinterpret_cast<uint64_t>(map), value);
}
long map_pop_elem(void *map, void *value) {
	return count->pop(reinterpret_cast<uint64_t>(map), value);
}
uint64_t ktime_get_ns() {
	return count->monotonic_ns;
}
uint64_t ktime_get_boot_ns() {
	return FakeKernel::present().time_ns;
}
uint32_t get_smp_processor_id() {
	return FakeKernel::present().cpu;
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
	case 8:
		return address_of(get_smp_processor_id);
	case 35:
		return address_of(get_current_task);
	case 87:
		return address_of(map_push_elem);
	case 88:
		return address_of(map_pop_elem);
	case 113:
		return address_of(probe_read_kernel);
	case 118:
		return address_of(jiffies64);
	case 125:
		return address_of(ktime_get_boot_ns);
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

NativeCount::NativeCount(const nd_layout &layout, const nd_site &site, uint32_t max_rules)
    : capacity(nd_capacity(max_rules)), rules(capacity + 1), counts((capacity + 1) * kLanes), cpus(kPresent),
      late(kPossible), code_({.shape = bpf::count_bitcode(),
                              .layout = layout,
                              .sites = {&site, 1},
                              .maps = kMaps,
                              .helper = helper,
                              .prepare = {}}),
      site_(code_.program(fmt::format("nd_site_{}", site.index))), begins_(code_.program("nd_newchain_begins")),
      ends_(code_.program("nd_commit_ends")), tidy_(code_.program("nd_tidy")) {
	for (const char *map : kMaps)
		maps_[code_.address(map)] = map;
	variables() = {.changes = 0, .stride = capacity + 1, .lane_mask = kLanes - 1, .pending = 0};
	count = this;
	for (uint32_t last = capacity; last > 0;) {
		const uint32_t first = last > ND_FILL ? last - ND_FILL + 1 : 1;
		tidy({.number = 0, .key = {}, .fill_from = first, .fill_to = last});
		last = first - 1;
	}
}

NativeCount::~NativeCount() {
	count = nullptr;
}

nd_count_variables &NativeCount::variables() const {
	return reinterpret_cast<nd_count_variables &>(const_cast<uint64_t &>(code_.variable("nd_variables")));
}

void *NativeCount::look_up(uint64_t map, const void *key) {
	const std::string &name = maps_[map];
	if (name == "nd_index") {
		const auto found = index.find(key_of(key));
		return found == index.end() ? nullptr : &found->second;
	}
	if (name == "nd_changing") {
		const auto found = changing_.find(value_of<uint64_t>(key));
		return found == changing_.end() ? nullptr : const_cast<uint64_t *>(&*found);
	}
	const auto at = value_of<uint32_t>(key);
	const auto element = [at](auto &array) -> void * { return at < array.size() ? &array[at] : nullptr; };
	if (name == "nd_rules") return element(rules);
	if (name == "nd_cpus") return element(cpus);
	if (name == "nd_late") return element(late);
	if (name == "nd_ignored") return element(ignored);
	if (name == "nd_state" && at == 0) return &state;
	if (name == "nd_counts") {
		if (before_adding) before_adding();
		return element(counts);
	}
	FakeKernel::present().bad_call = true;
	return nullptr;
}

long NativeCount::update(uint64_t map, const void *key, const void *value, uint64_t flags) {
	const std::string &name = maps_[map];
	if (flags != 1) FakeKernel::present().bad_call = true;
	if (name == "nd_changing") return changing_.insert(value_of<uint64_t>(key)).second ? 0 : -EEXIST;
	if (name == "nd_lock") return std::exchange(locked, true) ? kBusy : 0;
	if (name != "nd_index") FakeKernel::present().bad_call = true;
	if (refuse()) return -ENOMEM; // as pcpu_freelist_pop() in an NMI
	return index.emplace(key_of(key), value_of<uint64_t>(value)).second ? 0 : -EEXIST;
}

long NativeCount::remove(uint64_t map, const void *key) {
	const std::string &name = maps_[map];
	if (name == "nd_lock") return std::exchange(locked, false) ? 0 : -ENOENT;
	if (name == "nd_index") return index.erase(key_of(key)) ? 0 : -ENOENT;
	if (name != "nd_changing") FakeKernel::present().bad_call = true;
	return changing_.erase(value_of<uint64_t>(key)) ? 0 : -ENOENT;
}

long NativeCount::push(uint64_t map, const void *value) {
	if (refuse()) return -EBUSY;
	const auto number = value_of<uint32_t>(value);
	// One that is free already would be given to two rules.
	if (maps_[map] != "nd_free" || number == 0 || number > capacity ||
	    std::ranges::find(free_numbers, number) != free_numbers.end())
		FakeKernel::present().bad_call = true;
	free_numbers.push_back(number);
	return 0;
}

long NativeCount::pop(uint64_t map, void *value) {
	if (refuse()) return -EBUSY;
	if (maps_[map] != "nd_free") FakeKernel::present().bad_call = true;
	if (free_numbers.empty()) return -ENOENT;
	memcpy(value, &free_numbers.back(), sizeof(uint32_t));
	free_numbers.pop_back();
	return 0;
}

bool NativeCount::refuse() {
	if (refusals == 0) return false;
	refusals--;
	return true;
}

nd_count NativeCount::sum_of(uint32_t number) const {
	nd_count sum{};
	for (uint32_t lane = 0; lane < kLanes; lane++)
		add(sum, counts[lane * (capacity + 1) + number]);
	return sum;
}

uint32_t NativeCount::number_of(const CountKey &key) const {
	for (uint32_t number = 1; number <= capacity; number++)
		if (rules[number].state == ND_RULE_USED && key_of(&rules[number].key) == key) return number;
	return 0;
}

size_t NativeCount::used() const {
	return static_cast<size_t>(
	        std::ranges::count_if(rules, [](const nd_rule &rule) { return rule.state == ND_RULE_USED; }));
}

nd_count NativeCount::of(const CountKey &key) const {
	const uint32_t number = number_of(key);
	if (number == 0) return {};
	nd_count sum = sum_of(number);
	sum.packets -= rules[number].start_packets;
	sum.bytes -= rules[number].start_bytes;
	return sum;
}

nd_count NativeCount::all() const {
	nd_count sum{};
	for (const nd_count &n : counts)
		add(sum, n);
	return sum;
}

} // namespace nft_drops::jit_test
