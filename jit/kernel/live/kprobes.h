// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_JIT_KERNEL_LIVE_KPROBES_H
#define NFT_DROPS_JIT_KERNEL_LIVE_KPROBES_H

#include "jit/kernel/live/memory.h"
#include "jit/kernel/types/layout.h"
#include "jit/machine/image.h"

#include <optional>
#include <vector>

namespace nft_drops::jit {

// Puts back, in the image, the bytes that the kernel has overwritten for kprobes that are there already: breakpoints,
// and jumps where a probe was optimised. They may be another nft-drops', bpftrace's, anybody's. `table` is the address
// of the kernel's symbol "kprobe_table". What cannot be read is left as it is: the resolver will not understand it.
void restore_probed_bytes(Image &image, uint64_t table, const KprobeLayout &layout, const KernelMemory &memory);

// Whether this may be the kernel's "kprobe_table": each of its lists is empty, or its first node knows that it is.
bool is_kprobe_table(uint64_t address, const KernelMemory &memory);

// What a probe is in the code: a jump costs a tenth of a breakpoint. The kernel turns one into the other a moment after
// the probe was set, where it can.
enum class ProbeForm { kBreakpoint, kJump };
// By site of a Plan; nothing where there is no probe or it cannot be read.
using ProbeForms = std::vector<std::optional<ProbeForm>>;

// Of the probe at this address, whoever's it is; nothing where there is none or it cannot be read.
std::optional<ProbeForm> probe_form(uint64_t address, uint64_t table, const KprobeLayout &layout,
                                    const KernelMemory &memory);

} // namespace nft_drops::jit

#endif
