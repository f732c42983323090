// SPDX-License-Identifier: GPL-2.0-only
// Links nft_do_chain as the kernel's module loader does.
#ifndef NFT_DROPS_JIT_KERNEL_FILES_LINK_H
#define NFT_DROPS_JIT_KERNEL_FILES_LINK_H

#include "jit/kernel/files/elf.h"

namespace nft_drops::jit::offline {

// The made-up address of a module's first section. Nothing is loaded at this address.
uint64_t module_base(Machine machine);

// nft_do_chain of a module, with the function's split-off parts and jump labels. Sections get addresses from
// module_base() on, and each symbol of the core kernel gets an address of its own. Relocations are applied, and
// ftrace's calls become nops, as at load time. Fails with kMachine if the module has no such function, or has an
// unknown relocation.
Result<Image> link_module(const ElfFile &module);

// As above, from a vmlinux that has nf_tables built in and a symbol table.
Result<Image> image_of_vmlinux(const ElfFile &vmlinux);

} // namespace nft_drops::jit::offline

#endif
