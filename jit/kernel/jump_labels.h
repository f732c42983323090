// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_JIT_KERNEL_JUMP_LABELS_H
#define NFT_DROPS_JIT_KERNEL_JUMP_LABELS_H

#include "jit/kernel/image.h"
#include "jit/kernel/layout.h"
#include "jit/kernel/memory.h"
#include "jit/kernel/symbols.h"

#include <optional>
#include <span>
#include <string_view>

namespace nft_drops::jit {

// Where the core kernel's table is: symbols that read_symbols() looks up.
inline constexpr std::string_view kJumpTableStart = "__start___jump_table";
inline constexpr std::string_view kJumpTableStop = "__stop___jump_table";

struct JumpTable {
	uint64_t address = 0;
	uint64_t entries = 0;
};
std::optional<JumpTable> core_jump_table(std::span<const Symbol> symbols);
// `module` is the address of a struct module.
std::optional<JumpTable> module_jump_table(uint64_t module, const ModuleLayout &layout, const KernelMemory &memory);

// Adds those of the table's entries that lie in the image, and takes helpers out that have any; `table` is at `address`
// (struct jump_entry with relative addresses, as x86 and arm64 have them).
void add_jump_labels(Image &image, uint64_t address, std::span<const uint8_t> table);

// Fills image.labels from the running kernel's table and sets image.labels_known. A table that cannot be read is
// no error: see Image::labels_known.
void read_jump_labels(Image &image, const JumpTable &table, const KernelMemory &memory);

} // namespace nft_drops::jit

#endif
