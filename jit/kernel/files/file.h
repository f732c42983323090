// SPDX-License-Identifier: GPL-2.0-only
// Reads kernels and modules from files. Every length and offset in a file is checked.
#ifndef NFT_DROPS_JIT_KERNEL_FILES_FILE_H
#define NFT_DROPS_JIT_KERNEL_FILES_FILE_H

#include "jit/base/result.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace nft_drops::jit::offline {

// The unpacked bytes of a module's file (.ko, .ko.xz, .ko.zst, .ko.gz). Fails with kUsage and names the file.
Result<std::vector<uint8_t>> read_module_file(const std::string &path);

// The unpacked bytes of a kernel's file. A vmlinux and x86's bzImage give an ELF file; arm64's vmlinuz gives the Image,
// the bytes as the processor finds them in memory. Fails with kUsage and names the file.
Result<std::vector<uint8_t>> read_kernel_file(const std::string &path);

bool is_elf(std::span<const uint8_t> bytes);
// True for an arm64 Image: a header of 64 bytes, then the kernel's memory, without tables of sections or symbols.
bool is_arm64_image(std::span<const uint8_t> bytes);

} // namespace nft_drops::jit::offline

#endif
