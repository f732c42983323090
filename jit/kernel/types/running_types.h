// SPDX-License-Identifier: GPL-2.0-only
// The running kernel's BTF.
#ifndef NFT_DROPS_JIT_KERNEL_TYPES_RUNNING_TYPES_H
#define NFT_DROPS_JIT_KERNEL_TYPES_RUNNING_TYPES_H

#include "jit/kernel/types/types.h"

#include <memory>
#include <optional>

namespace nft_drops::jit {

struct RunningTypes {
	std::unique_ptr<Types> core;   // of vmlinux
	std::unique_ptr<Types> module; // of nf_tables, split; null if nf_tables is built in or has no BTF
};

// The BTF below /sys/kernel/btf. Nothing if a file cannot be read, or is not understood (see Types::of()).
std::optional<RunningTypes> read_running_types();

} // namespace nft_drops::jit

#endif
