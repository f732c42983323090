// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_JIT_KERNEL_TYPES_KEPT_LAYOUT_H
#define NFT_DROPS_JIT_KERNEL_TYPES_KEPT_LAYOUT_H

#include "jit/kernel/types/layout.h"

#include <string>
#include <vector>

namespace nft_drops::jit {

// As propose_running_layouts(). A layout that an earlier start kept for the same build-ids is read from its file: the
// BTF of vmlinux has more than 5 MB. `nft_build_id` is empty if nf_tables is built in.
Result<std::vector<Layout>> running_layouts(const std::string &core_build_id, const std::string &nft_build_id);

} // namespace nft_drops::jit

#endif
