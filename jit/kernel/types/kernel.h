// SPDX-License-Identifier: GPL-2.0-only
// A kernel as the probe's maker needs it: code, layouts, addresses.
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
	std::vector<Layout> others; // further candidates, if BTF does not decide: see propose_layouts()
	std::string release;        // uname -r
	std::string core_build_id;  // of vmlinux, hexadecimal; empty if the kernel has none
	std::string nft_build_id;   // of the module; empty if nf_tables is built in
	bool module = false;        // nf_tables is a module
	uint64_t kprobe_table = 0;  // address of the kernel's list of kprobes; 0 if unknown
	bool running = true;        // false: the kernel was read from files and has made-up addresses

	// The first of `candidates` becomes `layout`.
	void set_layouts(const std::vector<Layout> &layouts) {
		layout = layouts.front();
		others.assign(layouts.begin() + 1, layouts.end());
	}
};

} // namespace nft_drops::jit

#endif
