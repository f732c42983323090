// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_JIT_KERNEL_FILES_RELOCATE_H
#define NFT_DROPS_JIT_KERNEL_FILES_RELOCATE_H

#include "jit/machine/image.h"

#include <cstdint>
#include <span>

namespace nft_drops::jit::offline {

enum class Relocated { kDone, kUnknownType, kOutOfBounds, kOutOfReach };

// Applies one relocation of ELF type `type` at `offset` in `bytes`. `address` is the address of `bytes`, `target` is
// the symbol's address plus the addend.
Relocated relocate(Machine machine, uint32_t type, std::span<uint8_t> bytes, uint64_t offset, uint64_t address,
                   uint64_t target);

} // namespace nft_drops::jit::offline

#endif
