// SPDX-License-Identifier: GPL-2.0-only
// Structures of nf_tables, known by heart, for kernels whose BTF lacks these structures (nf_tables is a module, and
// CONFIG_DEBUG_INFO_BTF_MODULES is off). Each set comes from the headers of some kernels. The self-test proves which of
// the sets the running kernel has, if any.
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

// All known sets. `core` is the BTF of vmlinux. A structure of the core kernel that one of nf_tables' structures embeds
// has the size that `core` tells, and no members. Empty if `core` lacks such a structure.
std::vector<KnownTypes> known_types(const btf *core);

// The kernels that have the set, in words.
const char *name_of_known_types(uint32_t number);

} // namespace nft_drops::jit

#endif
