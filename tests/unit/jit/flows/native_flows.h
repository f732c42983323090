// SPDX-License-Identifier: GPL-2.0-only
// bpf/flows.bpf.c run by this process, on the made-up kernel that FakeKernel shows and with arrays of its own.
#ifndef NFT_DROPS_TESTS_UNIT_JIT_FLOWS_NATIVE_FLOWS_H
#define NFT_DROPS_TESTS_UNIT_JIT_FLOWS_NATIVE_FLOWS_H

#include "bpf/shared/flow.h"
#include "bpf/shared/self_test.h"
#include "native_code.h"
#include "native_probe.h"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

namespace nft_drops::jit_test {

class NativeFlows {
public:
	static constexpr uint32_t kProcessors = 2;

	// There is one at a time. Room for rules and flows in a region: powers of two.
	NativeFlows(const nd_layout &layout, const nd_site &site, uint32_t rules, uint32_t flows,
	            const jit::Filter &filter = {});
	~NativeFlows();
	NativeFlows(const NativeFlows &) = delete;
	NativeFlows &operator=(const NativeFlows &) = delete;

	// A packet comes by the site, on FakeKernel's processor.
	void packet(const std::array<uint64_t, 21> &regs) const { site_(const_cast<uint64_t *>(regs.data())); }

	nd_flow_control control{};
	std::vector<nd_flow_region> regions;
	std::vector<nd_flow_rule> rules;
	std::vector<nd_flow> flows;
	std::vector<uint64_t> ignored = std::vector<uint64_t>(ND_IGNORED_SLOTS); // cookies of self-tests
	// Called in the middle of a drop's handling: an interrupt.
	std::function<void()> interrupt;

	[[nodiscard]] nd_flow_region &region(uint32_t cpu) { return regions[(control.epoch & 1) * kProcessors + cpu]; }
	// As a reader that begins a new epoch: what was left in the former one is cleared.
	void next_epoch();

	// What the helpers do.
	void *look_up(uint64_t map, uint32_t index);
	uint64_t now();

private:
	struct Array {
		char *elements;
		size_t size, count;
	};
	std::vector<nd_flow_slot> rule_slots_, flow_slots_;
	std::vector<nd_flow_known> known_;
	std::vector<nd_subject> subjects_ = std::vector<nd_subject>(kProcessors);
	NativeCode code_;
	NativeCode::Program site_;
	std::map<uint64_t, Array> arrays_;
};

} // namespace nft_drops::jit_test

#endif
