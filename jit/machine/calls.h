// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_JIT_MACHINE_CALLS_H
#define NFT_DROPS_JIT_MACHINE_CALLS_H

#include "jit/machine/image.h"

#include <cstddef>
#include <cstdint>
#include <set>

namespace nft_drops::jit {

// Functions up to this size count as helpers: see Image::helpers.
inline constexpr uint64_t kMostHelperBytes = 256;

// Where the code's direct calls lead to. Without decoding: some of these may be none.
std::set<uint64_t> called_addresses(const Image &image);

// Of all functions that direct calls lead to, one is called most often: the number of its calls. No instruction is
// decoded.
size_t most_calls_of_one(const Image &image);

} // namespace nft_drops::jit

#endif
