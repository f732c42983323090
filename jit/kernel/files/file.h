// SPDX-License-Identifier: GPL-2.0-only
// Kernels and modules as files. Nothing in them is trusted.
#ifndef NFT_DROPS_JIT_KERNEL_FILES_FILE_H
#define NFT_DROPS_JIT_KERNEL_FILES_FILE_H

#include "jit/base/result.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace nft_drops::jit::offline {

// A module's file (.ko, or packed as .ko.xz, .ko.zst, .ko.gz), unpacked. Fails with kUsage, naming the file.
Result<std::vector<uint8_t>> read_module_file(const std::string &path);

// A kernel's file, unpacked: vmlinux, or what is inside a vmlinuz: an ELF file out of x86's bzImage, arm64's Image
// as it is in memory. Fails with kUsage, naming the file.
Result<std::vector<uint8_t>> read_kernel_file(const std::string &path);

bool is_elf(std::span<const uint8_t> bytes);
// An arm64 Image: a header of 64 bytes, then memory, with no table of what is where.
bool is_arm64_image(std::span<const uint8_t> bytes);

} // namespace nft_drops::jit::offline

#endif
