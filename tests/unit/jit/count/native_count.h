// SPDX-License-Identifier: GPL-2.0-only
// bpf/count.bpf.c run by this process, on the made-up kernel that FakeKernel shows and with maps of its own.
#ifndef NFT_DROPS_TESTS_UNIT_JIT_COUNT_NATIVE_COUNT_H
#define NFT_DROPS_TESTS_UNIT_JIT_COUNT_NATIVE_COUNT_H

#include "bpf/shared/count.h"
#include "native_code.h"
#include "native_probe.h"

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <tuple>

namespace nft_drops::jit_test {

using CountKey = std::tuple<uint64_t, uint64_t, uint64_t>; // namespace, table, culprit

class NativeCount {
public:
	static constexpr size_t kProcessors = 2;
	template <typename T> using Each = std::array<T, kProcessors>;

	// There is one at a time.
	NativeCount(const nd_layout &layout, const nd_site &site, size_t max_rules);
	~NativeCount();
	NativeCount(const NativeCount &) = delete;
	NativeCount &operator=(const NativeCount &) = delete;

	// A packet comes by the site, on FakeKernel's processor.
	void packet(const std::array<uint64_t, 21> &regs) const { site_(const_cast<uint64_t *>(regs.data())); }
	// The task enters or leaves a function that may change a ruleset.
	void change_begins() const { begins_(nullptr); }
	void change_ends() const { ends_(nullptr); }
	[[nodiscard]] uint64_t changes() const { return code_.variable("nd_changes"); }

	// What a reader of the pinned maps would add up.
	[[nodiscard]] nd_count of(const CountKey &key) const;
	[[nodiscard]] nd_count unlisted() const;

	uint64_t task = 1;
	uint64_t tick = 1000;
	std::map<CountKey, Each<uint64_t>> rules;

	// What the helpers do.
	void *look_up(uint64_t map, const void *key);
	long update(uint64_t map, const void *key, const void *value, uint64_t flags);
	long remove(uint64_t map, const void *key);

private:
	size_t max_rules_;
	std::vector<Each<nd_count>> counts_;
	Each<uint64_t> used_{};
	Each<std::array<nd_recent, 1 << ND_RECENT_BITS>> recent_{};
	std::set<uint64_t> changing_;
	NativeCode code_;
	uint64_t rules_map_, counts_map_, used_map_, recent_map_, changing_map_;
	NativeCode::Program site_, begins_, ends_;
};

} // namespace nft_drops::jit_test

#endif
