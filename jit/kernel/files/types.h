// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_JIT_KERNEL_FILES_TYPES_H
#define NFT_DROPS_JIT_KERNEL_FILES_TYPES_H

#include "jit/base/result.h"
#include "jit/kernel/types/layout.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace nft_drops::jit::offline {

// The kernel's BTF within the memory of an arm64 Image, which has no sections: by its header, and what libbpf thinks
// of it. Empty where there is none.
std::span<const uint8_t> find_btf(std::span<const uint8_t> image);

// propose_layouts() by the BTF of a kernel and of its nf_tables (empty where that is built in, or has none). Fails with
// kMachine where a type is missing, with kUsage where `module` was not made for this kernel.
Result<std::vector<Layout>> layouts_of(std::span<const uint8_t> core, std::span<const uint8_t> module,
                                       const std::string &core_path, const std::string &module_path);

} // namespace nft_drops::jit::offline

#endif
