// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_JIT_SELFTEST_DIFFERENCE_H
#define NFT_DROPS_JIT_SELFTEST_DIFFERENCE_H

#include "bpf/shared/event.h"

#include <optional>
#include <string>

namespace nft_drops::jit {

// What a packet's event must say.
struct Expectation {
	nd_event event{};        // cpu and site are not looked at, of the verdict only whether it is a drop
	uint64_t not_before = 0; // nd_event.time_ns
	uint64_t not_after = 0;
	nd_u8 l3_mask[ND_L3_BYTES]{}; // 1: this byte of event.l3 is known
};

// The first fact that is not as expected, e.g. "rule handle: expected 17, saw 18"; nothing where all are.
std::optional<std::string> difference(const Expectation &expected, const nd_event &seen);

} // namespace nft_drops::jit

#endif
