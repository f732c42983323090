// SPDX-License-Identifier: GPL-2.0-only
// A scenario laid out in made-up kernel memory, by this kernel's own structure layouts.
#ifndef NFT_DROPS_JIT_RESOLVE_WORLD_H
#define NFT_DROPS_JIT_RESOLVE_WORLD_H

#include "jit/kernel/types/layout.h"
#include "jit/machine/machine.h"
#include "jit/resolve/scenario.h"

#include <optional>
#include <unordered_map>

namespace nft_drops::jit {

struct World {
	uint64_t pkt = 0;  // struct nft_pktinfo
	uint64_t skb = 0;  // its sk_buff, with nothing known inside
	uint64_t base = 0; // the base chain's struct nft_chain
	uint64_t ops = 0;  // operations of an ordinary expression
	uint64_t eval = 0; // their evaluation function
	std::vector<uint64_t> chains;
	std::vector<std::vector<uint64_t>> rules; // struct nft_rule(_dp), by chain and rule
	// What the jump stack holds to go on there, by chain and rule; one more than there are rules: behind the last.
	std::vector<std::vector<uint64_t>> resumes;
	std::unordered_map<uint64_t, ExprPlace> exprs; // by address

	// Maps everything into `state`. Addresses depend on `salt` only: two salts, two worlds that share no address.
	static World build(const Scenario &s, const Layout &layout, unsigned salt, MachineState &state);

	[[nodiscard]] uint64_t resume_at(const RulePlace &p) const {
		return resumes[static_cast<size_t>(p.chain)][static_cast<size_t>(p.rule)];
	}
	// The expression that was evaluated last: it gave the verdict. Nothing where none was.
	[[nodiscard]] std::optional<uint64_t> last_expression(const Outcome &o) const;
	// The rule that an outcome names; nothing where none decided.
	[[nodiscard]] std::optional<uint64_t> rule_of(const Outcome &o) const {
		if (o.rule < 0) return std::nullopt;
		return rules[static_cast<size_t>(o.chain)][static_cast<size_t>(o.rule)];
	}
};

} // namespace nft_drops::jit

#endif
