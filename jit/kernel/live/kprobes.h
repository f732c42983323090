// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_JIT_KERNEL_LIVE_KPROBES_H
#define NFT_DROPS_JIT_KERNEL_LIVE_KPROBES_H

#include "jit/kernel/live/memory.h"
#include "jit/kernel/types/layout.h"
#include "jit/machine/image.h"

#include <optional>
#include <span>
#include <vector>

namespace nft_drops::jit {

// Restores, in the image, the bytes that the kernel has overwritten for other kprobes: breakpoints, and the jumps of
// optimised probes. Another nft-drops, bpftrace or any other tracer may own the kprobes. `table` is the address of the
// kernel's symbol "kprobe_table". If a probe cannot be read, its bytes stay, and the resolver refuses the code.
void restore_probed_bytes(Image &image, uint64_t table, const KprobeLayout &layout, const KernelMemory &memory);

// True if `copied`, optimized_kprobe.optinsn.copied_insn of a probe that is flagged as optimised, holds the code's own
// bytes. The kernel flags a probe first (optimize_kprobe), saves the bytes some time later, and writes the jump then
// (arch_optimize_kprobes). Until then the memory is zero, and the code behind the breakpoint is its own.
bool holds_saved_bytes(bool has_jump, std::span<const uint8_t> copied);

// True if `address` may be the kernel's "kprobe_table": every list is empty, or the first node points back at the list.
bool is_kprobe_table(uint64_t address, const KernelMemory &memory);

// The instruction that stands for a probe. A jump costs a tenth of a breakpoint. The kernel replaces the breakpoint by
// a jump shortly after the probe was set, if the code allows a jump.
enum class ProbeForm { kBreakpoint, kJump };
// One entry for each site of a Plan. Nothing if the site has no probe, or if the probe cannot be read.
using ProbeForms = std::vector<std::optional<ProbeForm>>;

// The probe at `address`, of any owner. Nothing if there is no probe, or if the probe cannot be read.
std::optional<ProbeForm> probe_form(uint64_t address, uint64_t table, const KprobeLayout &layout,
                                    const KernelMemory &memory);

} // namespace nft_drops::jit

#endif
