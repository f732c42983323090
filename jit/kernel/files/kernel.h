// SPDX-License-Identifier: GPL-2.0-only
// A kernel that is not running, out of its files.
#ifndef NFT_DROPS_JIT_KERNEL_FILES_KERNEL_H
#define NFT_DROPS_JIT_KERNEL_FILES_KERNEL_H

#include "jit/base/result.h"
#include "jit/kernel/types/kernel.h"

#include <string>

namespace nft_drops::jit {

struct KernelFiles {
	std::string module; // nf_tables.ko, .ko.xz, .ko.zst or .ko.gz; empty where nf_tables is built in
	std::string core;   // vmlinuz or vmlinux
};

// Needs no root, and may be of another processor than this one. Nothing in the files is trusted. Fails with kUsage
// where they cannot be read, are cut, damaged or not of one kernel, with kMachine where this kernel has not what it
// takes. Addresses in the image are made up.
Result<Kernel> read_kernel_files(const KernelFiles &files);

} // namespace nft_drops::jit

#endif
