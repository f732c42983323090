// SPDX-License-Identifier: GPL-2.0-only
#include "native_flows.h"

#include "bpf/objects.h"

#include <cstring>
#include <fmt/format.h>
#include <utility>

namespace nft_drops::jit_test {
namespace {

constexpr const char *kMaps[] = {"nd_flow_control", "nd_flow_regions",    "nd_flow_rules",
                                 "nd_flow_entries", "nd_flow_rule_slots", "nd_flow_slots",
                                 "nd_flow_known",   "nd_ignored",         "nd_flow_subjects"};

NativeFlows *present;

void *map_lookup_elem(void *map, const void *key) {
	uint32_t index = 0;
	memcpy(&index, key, sizeof(index));
	return present->look_up(reinterpret_cast<uint64_t>(map), index);
}
uint64_t ktime_get_ns() {
	return present->now();
}
uint32_t get_smp_processor_id() {
	return FakeKernel::present().cpu;
}
long probe_read_kernel(void *to, uint32_t size, uint64_t from) {
	return FakeKernel::present().read(to, size, from);
}
long probe_read_kernel_str(char *to, uint32_t size, uint64_t from) {
	return FakeKernel::present().read_string(to, size, from);
}
const char *rdonly_cast(uint64_t address, uint32_t) {
	return FakeKernel::present().rdonly_cast(address);
}

uint64_t helper(uint64_t number) {
	if (number >= ND_KERNEL_FUNCTION) return address_of(rdonly_cast);
	switch (number) {
	case 1:
		return address_of(map_lookup_elem);
	case 5:
		return address_of(ktime_get_ns);
	case 8:
		return address_of(get_smp_processor_id);
	case 113:
		return address_of(probe_read_kernel);
	case 115:
		return address_of(probe_read_kernel_str);
	default:
		return 0;
	}
}

} // namespace

NativeFlows::NativeFlows(const nd_layout &layout, const nd_site &site, uint32_t room_for_rules, uint32_t room_for_flows,
                         const jit::Filter &filter)
    : control{.seed = 0x0123456789abcdef,
              .epoch = 1,
              .cpus = kProcessors,
              .rules = room_for_rules,
              .flows = room_for_flows,
              .netns = 0},
      regions(2 * kProcessors), rules(size_t{2} * kProcessors * room_for_rules),
      flows(size_t{2} * kProcessors * room_for_flows),
      rule_slots_(size_t{kProcessors} * ND_FLOW_SLOTS * room_for_rules),
      flow_slots_(size_t{kProcessors} * ND_FLOW_SLOTS * room_for_flows), known_(kProcessors << ND_FLOW_KNOWN_BITS),
      code_({.shape = bpf::flows_bitcode(),
             .layout = layout,
             .sites = {&site, 1},
             .maps = kMaps,
             .helper = helper,
             .prepare = {},
             .filter = filter,
             .settings = {.path = 0,
                          .filter = filter.empty() ? 0U : 1U,
                          .selector = 0,
                          .drop_reason = 0,
                          .snaplen = 0,
                          .of_group = 0,
                          .details = 0}}),
      site_(code_.program(fmt::format("nd_site_{}", site.index))) {
	const auto add = [this]<typename T>(const char *name, T *elements, size_t count) {
		arrays_[code_.address(name)] = {reinterpret_cast<char *>(elements), sizeof(T), count};
	};
	add("nd_flow_control", &control, 1);
	add("nd_flow_regions", regions.data(), regions.size());
	add("nd_flow_rules", rules.data(), rules.size());
	add("nd_flow_entries", flows.data(), flows.size());
	add("nd_flow_rule_slots", rule_slots_.data(), rule_slots_.size());
	add("nd_flow_slots", flow_slots_.data(), flow_slots_.size());
	add("nd_flow_known", known_.data(), known_.size());
	add("nd_flow_subjects", subjects_.data(), subjects_.size());
	add("nd_ignored", ignored.data(), ignored.size());
	FakeKernel::present().cast = layout.cast;
	present = this;
}

NativeFlows::~NativeFlows() {
	present = nullptr;
}

void NativeFlows::next_epoch() {
	control.epoch++;
	for (uint32_t cpu = 0; cpu < kProcessors; cpu++)
		region(cpu) = {};
}

void *NativeFlows::look_up(uint64_t map, uint32_t index) {
	const auto found = arrays_.find(map);
	if (found == arrays_.end()) {
		FakeKernel::present().bad_call = true;
		return nullptr;
	}
	const Array &array = found->second;
	return index < array.count ? array.elements + index * array.size : nullptr;
}

uint64_t NativeFlows::now() {
	if (const auto nested = std::exchange(interrupt, nullptr)) nested();
	return FakeKernel::present().time_ns;
}

} // namespace nft_drops::jit_test
