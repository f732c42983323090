// SPDX-License-Identifier: GPL-2.0-only
// Unpacks compressed kernels and modules.
#ifndef NFT_DROPS_JIT_KERNEL_FILES_DECOMPRESS_H
#define NFT_DROPS_JIT_KERNEL_FILES_DECOMPRESS_H

#include "jit/base/result.h"

#include <cstdint>
#include <span>
#include <vector>

namespace nft_drops::jit::offline {

// The unpacked size of the largest kernel or module, debugging information included, is smaller. The bound stops a
// file that was made to fill the memory.
inline constexpr size_t kMostBytes = size_t{1} << 30;

// True if the first bytes are the magic of gzip, xz, zstd, or of lz4's legacy frame, which the kernel's build makes.
bool is_packed(std::span<const uint8_t> bytes);

// Unpacks the stream at the beginning of `bytes`. Bytes behind the stream are ignored: a kernel has its length there,
// for the boot code. Fails with kUsage if the stream is damaged or cut. The error does not name the file.
Result<std::vector<uint8_t>> unpack(std::span<const uint8_t> bytes);

} // namespace nft_drops::jit::offline

#endif
