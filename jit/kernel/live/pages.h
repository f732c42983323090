// SPDX-License-Identifier: GPL-2.0-only
// Where the running kernel keeps its pages: bytes in page fragments of a packet are read there (bpf/pages.h).
#ifndef NFT_DROPS_JIT_KERNEL_LIVE_PAGES_H
#define NFT_DROPS_JIT_KERNEL_LIVE_PAGES_H

#include "jit/kernel/live/memory.h"
#include "jit/kernel/types/layout.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace nft_drops::jit {

// The address of the first struct page of the kernel's array, and the address of the bytes of this first page.
struct PageMap {
	uint64_t structs = 0;
	uint64_t direct_map = 0;
};

// Fills in the places of pages in each layout (nd_match_layout.page_bits and the members in front of page_bits). The
// members are 0 if the kernel does not tell the places, or if nd_match_layout.page_shift is 0.
void complete_pages(std::vector<Layout> &layouts, const nd_well_known &known, const KernelMemory &memory);

// The places in the text that the kernel keeps for its crash dumps, in lines `NUMBER(name)=value`. arm64 has
// VMEMMAP_START there since Linux 6.0 (arch_crash_save_vmcoreinfo()); its direct map begins at -1 << VA_BITS
// (PAGE_OFFSET), and page_to_virt() takes both as they are here.
std::optional<PageMap> pages_in_vmcoreinfo(std::string_view text);

} // namespace nft_drops::jit

#endif
