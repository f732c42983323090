// SPDX-License-Identifier: GPL-2.0-only
// From the Plan to a BPF object, in memory.
#ifndef NFT_DROPS_JIT_COMPILE_COMPILE_H
#define NFT_DROPS_JIT_COMPILE_COMPILE_H

#include "bpf/shared/site.h"
#include "jit/base/result.h"
#include "jit/match/program.h"

#include <span>
#include <vector>

namespace nft_drops::jit {

// A BPF ELF object with the programs for the sites and the maps of `probe_template`, which is one of bpf/objects.h, for
// libbpf's bpf_object__open_mem(). The template that reports drops has one program "nd_sites_<number>" for all sites
// with the same nd_site.program, the others have one program "nd_site_<index>" for each site. With a drop reason in
// `settings` it has the program "nd_at_free"; with settings.filter, nd_watched.filter at run time tells whether
// `filter` decides which drops become events. Fails with kMachine where this kernel cannot tell what the filter asks
// for.
Result<std::vector<char>> compile_probe(const nd_layout &layout, std::span<const nd_site> sites,
                                        const nd_settings &settings, std::span<const char> probe_template,
                                        const Filter &filter = {});

} // namespace nft_drops::jit

#endif
