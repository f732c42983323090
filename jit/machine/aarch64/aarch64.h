// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_JIT_MACHINE_AARCH64_AARCH64_H
#define NFT_DROPS_JIT_MACHINE_AARCH64_AARCH64_H

#include "jit/machine/code.h"

namespace nft_drops::jit {

Result<std::unique_ptr<Architecture>> make_aarch64();

} // namespace nft_drops::jit

#endif
