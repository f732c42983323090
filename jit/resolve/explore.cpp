// SPDX-License-Identifier: GPL-2.0-only
#include "jit/resolve/explore.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace nft_drops::jit {
namespace {

// A branch on something unknown is taken the other way so many times per setting of the keys and per kind of outcome:
// enough to see what is behind it in differing states, and no explosion.
constexpr int kForksPerBranch = 3;
// Sets of branches that are taken each time, per scenario and setting of the keys.
constexpr size_t kMostConstant = 12;
constexpr size_t kMostKeys = 16;

class Explorer {
public:
	explicit Explorer(const Emulator &e) : emulator_(e) {}

	Result<Paths> go() {
		auto limit = measure_jump_limit();
		if (!limit) return std::unexpected(limit.error());
		paths_.jump_limit = *limit;
		for (Scenario &s : standard_scenarios(*limit)) {
			const Scenario *kept = keep(std::move(s));
			for (uint32_t keys : key_settings()) {
				if (auto ok = all_ways(kept, keys); !ok) return std::unexpected(ok.error());
			}
		}
		for (auto [watched, address] : std::set<std::pair<size_t, uint64_t>>(compared_)) {
			for (Scenario &s : inline_scenarios(address, watched == 1, *limit)) {
				if (auto ok = all_ways(keep(std::move(s)), 0); !ok) return std::unexpected(ok.error());
			}
		}
		return std::move(paths_);
	}

private:
	const Scenario *keep(Scenario s) {
		paths_.scenarios.push_back(std::make_unique<Scenario>(std::move(s)));
		return paths_.scenarios.back().get();
	}

	// As the kernel is now, each key switched by itself, and all of them.
	[[nodiscard]] std::set<uint32_t> key_settings() const {
		const size_t keys = std::min(emulator_.keys(), kMostKeys);
		std::set<uint32_t> settings = {0, (1U << keys) - 1};
		for (size_t k = 0; k < keys; k++)
			settings.insert(1U << k);
		return settings;
	}

	// How deep jumps go: the macro NFT_JUMP_STACK_SIZE is in no type. 16 in all kernels so far.
	Result<int> measure_jump_limit() {
		Result<int> error = cannot("nft_do_chain", "no limit of nested jumps was found");
		for (int limit : {16, 8, 32, 64}) {
			auto scenarios = standard_scenarios(limit);
			auto path = emulator_.run({.scenario = &scenarios.back(), .decisions = {}}, limit);
			if (path) {
				paths_.regs = path->regs;
				return limit;
			}
			if (limit == 16) error = std::unexpected(path.error());
		}
		return error;
	}

	Result<void> all_ways(const Scenario *scenario, uint32_t keys) {
		std::vector<Way> waiting = {
		        {.scenario = scenario, .flipped_keys = keys, .decisions = {}, .regs = paths_.regs}};
		std::set<std::set<size_t>> constant = {{}};
		while (!waiting.empty()) {
			const Way way = std::move(waiting.back());
			waiting.pop_back();
			auto path = emulator_.run(way, paths_.jump_limit);
			if (!path) return std::unexpected(path.error());
			for (size_t n = way.decisions.size(); n < path->forks.size(); n++) {
				const size_t branch = path->forks[n];
				// Unknown things that do not change, such as whether this packet is traced.
				std::set<size_t> always = way.always;
				always.insert(branch);
				if (constant.size() < kMostConstant && constant.insert(always).second) {
					Way each_time = way;
					each_time.decisions.clear();
					each_time.always = std::move(always);
					waiting.push_back(std::move(each_time));
				}
				if (tried_[{keys, path->outcome.cause, branch}]++ >= kForksPerBranch) continue;
				Way other = way;
				other.decisions.resize(n);
				other.decisions.push_back(true);
				waiting.push_back(std::move(other));
			}
			for (auto [watched, address] : path->compared) {
				if (address >> 63) compared_.emplace(watched, address); // a kernel address, not NULL
			}
			if (!path->dead_end) paths_.all.push_back(std::move(*path));
		}
		return {};
	}

	const Emulator &emulator_;
	Paths paths_;
	std::set<std::pair<size_t, uint64_t>> compared_;
	std::map<std::tuple<uint32_t, uint8_t, size_t>, int> tried_;
};

} // namespace

Result<Paths> explore(const Emulator &emulator) {
	return Explorer(emulator).go();
}

} // namespace nft_drops::jit
