// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_JIT_SELFTEST_DIFFERENCE_H
#define NFT_DROPS_JIT_SELFTEST_DIFFERENCE_H

#include "bpf/shared/event.h"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace nft_drops::jit {

// What a packet's event must say.
struct Expectation {
	nd_event event{};        // cpu and site are not looked at, of the verdict only whether it is a drop
	uint64_t not_before = 0; // nd_event.time_ns
	uint64_t not_after = 0;
	nd_u8 l3_mask[ND_L3_BYTES]{}; // 1: this byte of event.l3 is known
	nd_path path{};
};

// The first fact that is not as expected, e.g. "rule handle: expected 17, saw 18"; nothing where all are.
std::optional<std::string> difference(const Expectation &expected, const nd_event &seen);
// The first difference of the jumps. For a jump at its chain's end the chain must be right; for others the rule behind
// is enough.
std::optional<std::string> difference_of_paths(const nd_path &expected, const nd_path &seen);

// Checks the address of the operations of the expression that gave a verdict (nd_event.expr_ops). Nobody knows it
// beforehand, but all drops by rules of one kind must have the same, each kind another one, and the kernel has names
// for them.
class Operations {
public:
	// What gave a rule's verdict.
	enum Kind : uint8_t { kImmediate, kLookup, kReject };
	// The kernel's name of an expression, by its operations.
	using NameOf = std::function<std::string(uint64_t operations)>;
	// Without it, names are not looked at.
	explicit Operations(NameOf name_of = {}) : name_of_(std::move(name_of)) {}

	// Call it for each event. `kind`: the kind of the rule, if a rule dropped the packet. `told`: the site of the
	// event knows the expression. Returns what is wrong with the expression; nothing if the expression is right.
	std::optional<std::string> difference(const nd_event &seen, Kind kind, bool told);

private:
	NameOf name_of_;
	std::array<uint64_t, 3> known_{}; // by kind
};

} // namespace nft_drops::jit

#endif
