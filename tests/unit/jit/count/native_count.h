// SPDX-License-Identifier: GPL-2.0-only
// bpf/count.bpf.c run by this process, on the made-up kernel that FakeKernel shows and with maps of its own.
#ifndef NFT_DROPS_TESTS_UNIT_JIT_COUNT_NATIVE_COUNT_H
#define NFT_DROPS_TESTS_UNIT_JIT_COUNT_NATIVE_COUNT_H

#include "bpf/shared/count.h"
#include "bpf/shared/self_test.h"
#include "native_code.h"
#include "native_probe.h"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <tuple>
#include <vector>

namespace nft_drops::jit_test {

using CountKey = std::tuple<uint64_t, uint64_t, uint64_t>; // namespace, table, culprit

class NativeCount {
public:
	static constexpr uint32_t kLanes = 2;
	static constexpr uint32_t kPresent = 2;  // processors when counting starts
	static constexpr uint32_t kPossible = 4; // those that come later share the lanes

	// There is one at a time.
	NativeCount(const nd_layout &layout, const nd_site &site, uint32_t max_rules);
	~NativeCount();
	NativeCount(const NativeCount &) = delete;
	NativeCount &operator=(const NativeCount &) = delete;

	// A packet comes by the site, on FakeKernel's processor.
	void packet(const std::array<uint64_t, 21> &regs) const { site_(const_cast<uint64_t *>(regs.data())); }
	// The task enters or leaves a function that may change a ruleset.
	void change_begins() const { begins_(nullptr); }
	void change_ends() const { ends_(nullptr); }
	// The program "tidy"; what it returns.
	int tidy(nd_tidy_request request = {}) const { return tidy_(&request); }
	[[nodiscard]] uint64_t changes() const { return variables().changes; }

	// What a reader of the pinned maps would add up.
	[[nodiscard]] nd_count of(const CountKey &key) const;
	[[nodiscard]] nd_count unlisted() const { return sum_of(0); }
	[[nodiscard]] nd_count all() const;
	[[nodiscard]] uint32_t number_of(const CountKey &key) const; // 0: none
	[[nodiscard]] size_t used() const;                           // numbers that count for a rule

	uint64_t task = 1;
	uint64_t tick = 1000;
	uint64_t monotonic_ns = 1'000'000'000;
	// So many of the next calls that add to nd_index, or push to or pop from nd_free, find it busy.
	unsigned refusals = 0;
	uint32_t capacity;
	std::vector<nd_rule> rules;
	std::vector<nd_count> counts;
	std::map<CountKey, uint64_t> index;
	std::vector<uint32_t> free_numbers; // the last one is given first
	std::vector<nd_cpu> cpus;
	std::vector<nd_running> late;
	nd_count_state state{};
	bool locked = false;
	std::array<uint64_t, ND_IGNORED_SLOTS> ignored{};
	// Called in front of each look-up in "counts", which is between finding a place and adding to it; if set.
	std::function<void()> before_adding;

	// What the helpers do.
	void *look_up(uint64_t map, const void *key);
	long update(uint64_t map, const void *key, const void *value, uint64_t flags);
	long remove(uint64_t map, const void *key);
	long push(uint64_t map, const void *value);
	long pop(uint64_t map, void *value);

private:
	bool refuse();
	[[nodiscard]] nd_count sum_of(uint32_t number) const;
	[[nodiscard]] nd_count_variables &variables() const;

	std::set<uint64_t> changing_;
	NativeCode code_;
	std::map<uint64_t, std::string> maps_; // names by addresses
	NativeCode::Program site_, begins_, ends_, tidy_;
};

} // namespace nft_drops::jit_test

#endif
