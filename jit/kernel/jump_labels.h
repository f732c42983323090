// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_JIT_KERNEL_JUMP_LABELS_H
#define NFT_DROPS_JIT_KERNEL_JUMP_LABELS_H

#include "jit/kernel/image.h"
#include "jit/kernel/layout.h"
#include "jit/kernel/memory.h"
#include "jit/kernel/symbols.h"

#include <span>
#include <string>
#include <string_view>

namespace nft_drops::jit {

// The names of symbols that read_jump_labels() looks up.
inline constexpr std::string_view kJumpLabelSymbols[] = {"modules", "__start___jump_table", "__stop___jump_table"};

// Fills image.labels from the running kernel's table (struct jump_entry with relative addresses, as x86 and arm64
// have them): the module's own one, or the core kernel's where nf_tables is built in. Sets image.labels_known. A
// table that cannot be read is no error: see Image::labels_known.
void read_jump_labels(Image &image, const std::string &module, const ModuleLayout &layout,
                      std::span<const Symbol> symbols, const KernelMemory &memory);

} // namespace nft_drops::jit

#endif
