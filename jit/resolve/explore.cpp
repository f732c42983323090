// SPDX-License-Identifier: GPL-2.0-only
#include "jit/resolve/explore.h"

#include <algorithm>
#include <compare>
#include <deque>
#include <map>
#include <set>

namespace nft_drops::jit {
namespace {

// Of each scenario and setting of the keys, no branch on something unknown is taken, then all are. Each of them alone,
// and each combination, is taken in a few scenarios of each outcome, with the keys as they are and all switched: enough
// to see what is behind it in differing states, and no explosion.
constexpr int kScenariosAlone = 2;
constexpr int kScenariosTogether = 1;
constexpr int kCombinations = 16; // of one scenario and setting of the keys, the smaller ones first
constexpr size_t kMostKeys = 16;

class Explorer {
public:
	explicit Explorer(const Emulator &e) : emulator_(e) {}

	Result<ExecutionPaths> go() {
		auto limit = measure_jump_limit();
		if (!limit) return std::unexpected(limit.error());
		paths_.jump_limit = *limit;
		for (Scenario &s : standard_scenarios(*limit)) {
			if (auto ok = all_key_settings(keep(std::move(s))); !ok) return std::unexpected(ok.error());
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

	// With the keys as the kernel has them now, all of them switched, and each key switched by itself. A setting
	// differs from another one only in keys: where none of the places of these keys was executed under the other
	// setting, all of its ways would be the same again.
	Result<void> all_key_settings(const Scenario *scenario) {
		struct Done {
			uint32_t keys, met;
		};
		std::vector<Done> done;
		std::vector<uint32_t> settings = {0, all_keys()};
		for (size_t k = 0; k < std::min(emulator_.keys(), kMostKeys); k++)
			settings.push_back(1U << k);
		for (const uint32_t keys : settings) {
			const auto same = [keys](const Done &d) { return ((keys ^ d.keys) & d.met) == 0; };
			if (std::ranges::any_of(done, same)) continue;
			auto met = all_ways(scenario, keys);
			if (!met) return std::unexpected(met.error());
			done.push_back({keys, *met});
		}
		return {};
	}
	[[nodiscard]] uint32_t all_keys() const { return (1U << std::min(emulator_.keys(), kMostKeys)) - 1; }

	// How deep jumps go: the macro NFT_JUMP_STACK_SIZE is in no type. 16 in all kernels so far.
	Result<int> measure_jump_limit() {
		Result<int> error = unsupported("nft_do_chain", "no limit of nested jumps was found");
		for (int limit : {16, 8, 32, 64}) {
			auto scenarios = standard_scenarios(limit);
			auto path = emulator_.run({.scenario = &scenarios.back()}, limit);
			if (path) {
				paths_.regs = path->regs;
				return limit;
			}
			if (limit == 16) error = std::unexpected(path.error());
		}
		return error;
	}

	// Returns the keys of which a place was executed, as bits.
	Result<uint32_t> all_ways(const Scenario *scenario, uint32_t keys) {
		met_ = 0;
		const BranchChoice start{.scenario = scenario, .flipped_keys = keys, .regs = paths_.regs};
		Search search{.waiting = {start}, .seen = {{}}};
		while (!search.waiting.empty()) {
			const BranchChoice way = std::move(search.waiting.front());
			search.waiting.pop_front();
			auto path = run(way);
			if (!path) return std::unexpected(path.error());
			search.any_end |= !path->dead_end;
			if (way.taken.empty() && !way.all_taken && !way.once && !path->forks.empty()) {
				search.waiting.push_back(start);
				search.waiting.back().all_taken = true;
			}
			const bool thorough = keys == 0 || keys == all_keys() || !search.any_end;
			if (thorough && !way.once) add_changes_of_mind(way, *path, search);
			if (thorough && !way.once && !way.all_taken) add_combinations(way, *path, search);
			if (!path->dead_end) paths_.all.push_back(std::move(*path));
		}
		if (search.any_end) return met_;
		return unsupported("nft_do_chain", "no way through it was found for \"" + scenario->name + "\"");
	}

	struct Search {
		std::deque<BranchChoice> waiting;
		std::set<std::set<size_t>> seen;
		int combinations = 0;
		bool any_end = false;
	};

	// What is taken on `way`, and one branch more.
	void add_combinations(const BranchChoice &way, const ExecutionPath &path, Search &search) {
		for (const size_t branch : std::set<size_t>(path.forks.begin(), path.forks.end())) {
			BranchChoice more = way;
			more.taken.insert(branch);
			const bool alone = way.taken.empty();
			if (!search.seen.insert(more.taken).second) continue;
			if (!alone && search.combinations == kCombinations) continue;
			const int most = alone ? kScenariosAlone : kScenariosTogether;
			const Tried tried{more.flipped_keys, path.outcome.cause, more.taken, false, false};
			if (tried_[tried]++ >= most && search.any_end) continue;
			search.combinations += !alone;
			search.waiting.push_back(std::move(more));
		}
	}

	// A branch that goes the other way the last time.
	void add_changes_of_mind(const BranchChoice &way, const ExecutionPath &path, Search &search) {
		std::set<size_t> seen;
		for (size_t n = path.forks.size(); n-- > 0;) {
			const size_t branch = path.forks[n];
			if (!seen.insert(branch).second) continue;
			const Tried tried{way.flipped_keys, path.outcome.cause, {branch}, way.all_taken, true};
			if (!way.taken.empty() || tried_[tried]++ >= kScenariosTogether) continue;
			search.waiting.push_back(way);
			search.waiting.back().once = n;
		}
	}

	Result<ExecutionPath> run(BranchChoice way) {
		for (;;) {
			way.always = one_sided_;
			auto path = emulator_.run(way, paths_.jump_limit);
			if (!path) return path;
			met_ |= path->keys_met;
			for (auto [watched, address] : path->compared) {
				if (address >> 63) compared_.emplace(watched, address); // a kernel address, not NULL
			}
			if (!path->by_last_fork) return path;
			one_sided_.emplace(path->forks.back(), !path->last_taken);
		}
	}

	struct Tried {
		uint32_t keys;
		uint8_t cause;
		std::set<size_t> taken;
		bool all;
		bool once;
		auto operator<=>(const Tried &) const = default;
	};

	const Emulator &emulator_;
	ExecutionPaths paths_;
	std::set<std::pair<size_t, uint64_t>> compared_;
	std::map<Tried, int> tried_;
	std::map<size_t, bool> one_sided_; // see BranchChoice::always
	uint32_t met_ = 0; // by the ways of the scenario and setting at hand: see ExecutionPath::keys_met
};

} // namespace

Result<ExecutionPaths> explore(const Emulator &emulator) {
	return Explorer(emulator).go();
}

} // namespace nft_drops::jit
