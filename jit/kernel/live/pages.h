// SPDX-License-Identifier: GPL-2.0-only
// Where the running kernel keeps its pages: bytes in page fragments of a packet are read there (bpf/pages.h).
#ifndef NFT_DROPS_JIT_KERNEL_LIVE_PAGES_H
#define NFT_DROPS_JIT_KERNEL_LIVE_PAGES_H

#include "jit/kernel/live/memory.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace nft_drops::jit {

// The first struct page of the kernel's array of all, and the address of this first page's bytes.
struct PageMap {
	uint64_t structs = 0;
	uint64_t direct_map = 0;
};

// x86: the variables vmemmap_base and page_offset_base, where the kernel chooses the places at boot
// (CONFIG_DYNAMIC_MEMORY_LAYOUT). arm64: pages_in_vmcoreinfo(). Nothing if the kernel tells in neither way.
std::optional<PageMap> find_pages(const nd_well_known &known, const KernelMemory &memory);

// The places in the text that the kernel keeps for its crash dumps, in lines `NUMBER(name)=value`. arm64 has
// VMEMMAP_START there since Linux 6.0 (arch_crash_save_vmcoreinfo()); its direct map begins at -1 << VA_BITS
// (PAGE_OFFSET), and page_to_virt() takes both as they are here.
std::optional<PageMap> pages_in_vmcoreinfo(std::string_view text);

} // namespace nft_drops::jit

#endif
