// SPDX-License-Identifier: GPL-2.0-only
// nf_tables' own structures by heart, for kernels whose BTF lacks them (without CONFIG_DEBUG_INFO_BTF_MODULES, and
// nf_tables a module). Each set is what some kernels' headers say; whether this kernel has one of them, and which, has
// to be proven.
#ifndef NFT_DROPS_JIT_KERNEL_TYPES_KNOWN_TYPES_H
#define NFT_DROPS_JIT_KERNEL_TYPES_KNOWN_TYPES_H

#include "jit/kernel/types/btf_ptr.h"

#include <cstdint>
#include <vector>

namespace nft_drops::jit {

struct KnownTypes {
	uint32_t number = 0; // from 1
	BtfPtr types;
};

// All that are known. `core` is BTF of vmlinux: what these structures embed of the core kernel's has the size that it
// has there, and no members. None where it has not all of that.
std::vector<KnownTypes> known_types(const btf *core);

// Which kernels have it, in words.
const char *name_of_known_types(uint32_t number);

} // namespace nft_drops::jit

#endif
