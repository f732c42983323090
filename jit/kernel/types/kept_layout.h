// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_JIT_KERNEL_TYPES_KEPT_LAYOUT_H
#define NFT_DROPS_JIT_KERNEL_TYPES_KEPT_LAYOUT_H

#include "jit/kernel/types/layout.h"

#include <string>
#include <vector>

namespace nft_drops::jit {

// propose_running_layouts(), but for what an earlier start of this program found out about the kernel with these
// build-ids: vmlinux has more than 5 MB of types. `nft_build_id` is empty where nf_tables is built in.
Result<std::vector<Layout>> running_layouts(const std::string &core_build_id, const std::string &nft_build_id);

} // namespace nft_drops::jit

#endif
