// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_JIT_KERNEL_LIVE_JUMP_LABELS_H
#define NFT_DROPS_JIT_KERNEL_LIVE_JUMP_LABELS_H

#include "jit/kernel/live/memory.h"
#include "jit/kernel/live/symbols.h"
#include "jit/kernel/types/layout.h"
#include "jit/machine/jump_labels.h"

#include <optional>
#include <span>
#include <string_view>

namespace nft_drops::jit {

struct JumpTable {
	uint64_t address = 0;
	uint64_t entries = 0;
};
std::optional<JumpTable> core_jump_table(std::span<const Symbol> symbols);
// `module` is the address of a struct module.
std::optional<JumpTable> module_jump_table(uint64_t module, const ModuleLayout &layout, const KernelMemory &memory);

// Fills image.labels from the running kernel's table of jump labels and sets image.labels_known. An unreadable table is
// not an error: see Image::labels_known.
void read_jump_labels(Image &image, const JumpTable &table, const KernelMemory &memory);

} // namespace nft_drops::jit

#endif
