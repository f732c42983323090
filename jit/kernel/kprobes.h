// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_JIT_KERNEL_KPROBES_H
#define NFT_DROPS_JIT_KERNEL_KPROBES_H

#include "jit/kernel/image.h"
#include "jit/kernel/layout.h"
#include "jit/kernel/memory.h"

namespace nft_drops::jit {

// Puts back, in the image, the bytes that the kernel has overwritten for kprobes that are there already: breakpoints,
// and jumps where a probe was optimised. They may be another nft-drops', bpftrace's, anybody's. `table` is the address
// of the kernel's symbol "kprobe_table". What cannot be read is left as it is: the resolver will not understand it.
void restore_probed_bytes(Image &image, uint64_t table, const KprobeLayout &layout, const KernelMemory &memory);

} // namespace nft_drops::jit

#endif
