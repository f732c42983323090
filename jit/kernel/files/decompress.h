// SPDX-License-Identifier: GPL-2.0-only
// What kernels and modules are packed with.
#ifndef NFT_DROPS_JIT_KERNEL_FILES_DECOMPRESS_H
#define NFT_DROPS_JIT_KERNEL_FILES_DECOMPRESS_H

#include "jit/base/result.h"

#include <cstdint>
#include <span>
#include <vector>

namespace nft_drops::jit::offline {

// No kernel or module is larger when unpacked, debugging information included: against files made to fill the memory.
inline constexpr size_t kMostBytes = size_t{1} << 30;

// By the first bytes: gzip, xz, zstd, or lz4 as the kernel's build makes it (the legacy frame).
bool is_packed(std::span<const uint8_t> bytes);

// Unpacks the one stream that `bytes` begin with; what follows it is ignored (a kernel's length, for its boot code).
// Fails with kUsage, without naming the file, where the stream is damaged or cut.
Result<std::vector<uint8_t>> unpack(std::span<const uint8_t> bytes);

} // namespace nft_drops::jit::offline

#endif
