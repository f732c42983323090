// SPDX-License-Identifier: GPL-2.0-only
// What the kernel's module loader would make of nft_do_chain.
#ifndef NFT_DROPS_JIT_KERNEL_FILES_LINK_H
#define NFT_DROPS_JIT_KERNEL_FILES_LINK_H

#include "jit/kernel/files/elf.h"

namespace nft_drops::jit::offline {

// Where the made-up memory has modules; nothing is loaded there.
uint64_t module_base(Machine machine);

// nft_do_chain with its split-off parts and its jump labels, out of a module: sections get addresses from
// module_base(), symbols of the core kernel distinct ones of their own, relocations are applied, calls of ftrace become
// nops as at load time. Fails with kMachine where there is no such function, or a relocation is not known.
Result<Image> link_module(const ElfFile &module);

// The same out of a vmlinux with nf_tables built in and a symbol table.
Result<Image> image_of_vmlinux(const ElfFile &vmlinux);

} // namespace nft_drops::jit::offline

#endif
