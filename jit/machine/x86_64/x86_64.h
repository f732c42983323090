// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_JIT_MACHINE_X86_64_X86_64_H
#define NFT_DROPS_JIT_MACHINE_X86_64_X86_64_H

#include "jit/machine/code.h"

namespace nft_drops::jit {

Result<std::unique_ptr<Architecture>> make_x86_64();

} // namespace nft_drops::jit

#endif
