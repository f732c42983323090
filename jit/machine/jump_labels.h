// SPDX-License-Identifier: GPL-2.0-only
// Jump labels: the places that the kernel patches when a static key is switched.
#ifndef NFT_DROPS_JIT_MACHINE_JUMP_LABELS_H
#define NFT_DROPS_JIT_MACHINE_JUMP_LABELS_H

#include "jit/machine/image.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace nft_drops::jit {

// Where the core kernel's table is: the names of its two symbols.
inline constexpr std::string_view kJumpTableStart = "__start___jump_table";
inline constexpr std::string_view kJumpTableStop = "__stop___jump_table";

// The size of one entry of the table: struct jump_entry of <linux/jump_label.h>.
inline constexpr size_t kJumpEntryBytes = 16;

// Adds those of the table's entries that lie in the image, and takes helpers out that have any; `table` is at `address`
// (struct jump_entry with relative addresses, as x86 and arm64 have them).
void add_jump_labels(Image &image, uint64_t address, std::span<const uint8_t> table);

} // namespace nft_drops::jit

#endif
