// SPDX-License-Identifier: GPL-2.0-only
// Everything that must be known of a kernel before a probe can be made for it.
#ifndef NFT_DROPS_JIT_KERNEL_TYPES_KERNEL_H
#define NFT_DROPS_JIT_KERNEL_TYPES_KERNEL_H

#include "jit/base/result.h"
#include "jit/kernel/types/layout.h"
#include "jit/machine/image.h"

#include <string>
#include <vector>

namespace nft_drops::jit {

struct Kernel {
	Image image;
	Layout layout;
	std::vector<Layout> others; // further ones that it may have, where BTF does not tell: see propose_layouts()
	std::string release;        // uname -r
	std::string core_build_id;  // of vmlinux; hexadecimal, empty where the kernel has none
	std::string nft_build_id;   // of the module; empty where nf_tables is built in
	bool module = false;        // nf_tables is a module
	uint64_t kprobe_table = 0;  // address of the kernel's list of probes; 0 where it is not known
	bool running = true;        // false: out of files, and its addresses are made up

	// Takes the first one as its layout.
	void set_layouts(const std::vector<Layout> &layouts) {
		layout = layouts.front();
		others.assign(layouts.begin() + 1, layouts.end());
	}
};

} // namespace nft_drops::jit

#endif
