// SPDX-License-Identifier: GPL-2.0-only
// Reads a kernel that is not running from its files.
#ifndef NFT_DROPS_JIT_KERNEL_FILES_KERNEL_H
#define NFT_DROPS_JIT_KERNEL_FILES_KERNEL_H

#include "jit/base/result.h"
#include "jit/kernel/types/kernel.h"

#include <string>

namespace nft_drops::jit {

struct KernelFiles {
	std::string module; // nf_tables.ko, .ko.xz, .ko.zst or .ko.gz; empty if nf_tables is built in
	std::string core;   // vmlinuz or vmlinux
};

// Needs no privilege. The kernel may be one for another processor. Every length and offset in the files is checked.
// Fails with kUsage if a file is unreadable, cut or damaged, or if the files belong to two kernels. Fails with kMachine
// if a probe for this kernel is impossible. The image has made-up addresses.
Result<Kernel> read_kernel_files(const KernelFiles &files);

} // namespace nft_drops::jit

#endif
