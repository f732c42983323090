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

// Finds the kernel's BTF in an arm64 Image, which has no sections: BTF's header shows the place, and libbpf confirms
// the bytes. Empty if the Image has no BTF.
std::span<const uint8_t> find_btf(std::span<const uint8_t> image);

// propose_layouts() from the BTF of a kernel and of its module nf_tables (empty: nf_tables is built in, or the module
// has no BTF). Fails with kMachine if a type is missing. Fails with kUsage if `module` was built for another kernel.
Result<std::vector<Layout>> layouts_of(std::span<const uint8_t> core, std::span<const uint8_t> module,
                                       const std::string &core_path, const std::string &module_path);

} // namespace nft_drops::jit::offline

#endif
