// SPDX-License-Identifier: GPL-2.0-only
// A ruleset in this process's memory, laid out as a fixture expects it.
#ifndef NFT_DROPS_TESTS_UNIT_JIT_SUPPORT_WORLD_H
#define NFT_DROPS_TESTS_UNIT_JIT_SUPPORT_WORLD_H

#include "do_chain.h"
#include "ruleset.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace nft_drops::jit_test {

// Memory that is made anew for each ruleset, full of rubbish before that.
class Arena {
public:
	// At `address`, or where there is room.
	explicit Arena(uint64_t address = 0);
	~Arena();
	Arena(const Arena &) = delete;
	Arena &operator=(const Arena &) = delete;

	void reset(std::mt19937_64 &random);
	char *take(size_t bytes, std::mt19937_64 &random); // aligned to 8
	[[nodiscard]] bool holds(uint64_t address, size_t bytes) const {
		const uint64_t offset = address - reinterpret_cast<uint64_t>(base_);
		return offset < kBytes && kBytes - offset >= bytes;
	}
	[[nodiscard]] std::span<const char> used() const { return {base_, used_}; }

private:
	static constexpr size_t kBytes = 256 * 1024;
	char *base_;
	size_t used_ = 0;
};

struct World {
	char *pkt = nullptr;
	char *skb = nullptr;
	char *base = nullptr; // the base chain's struct nft_chain
	std::vector<char *> chains;
	// By chain; the last of each is the marker behind its rules, or the NULL behind an array of them.
	std::vector<std::vector<char *>> rules;
	std::vector<std::vector<std::vector<char *>>> exprs; // by chain and rule
};

// Addresses of what rulesets name: evaluation functions (by Expr::function), and the operations of expressions that are
// evaluated inline.
struct Named {
	uint64_t eval[3];
	uint64_t cmp, bitwise, payload;
};
// Those of this process.
Named own_named();

World lay_out(const Ruleset &r, const fixture_layout &layout, Arena &arena, std::mt19937_64 &random,
              const Named &named = own_named());

} // namespace nft_drops::jit_test

#endif
