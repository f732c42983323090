// SPDX-License-Identifier: GPL-2.0-only
// From the Plan to a BPF object, in memory.
#ifndef NFT_DROPS_JIT_COMPILE_COMPILE_H
#define NFT_DROPS_JIT_COMPILE_COMPILE_H

#include "bpf/objects.h"
#include "bpf/shared/result.h"
#include "bpf/shared/site.h"

#include <span>
#include <vector>

namespace nft_drops::jit {

// What the programs are for: to be attached, or to be run by BPF_PROG_TEST_RUN on a made-up struct pt_regs.
enum class ProgramKind { kKprobe, kSyscall };

// A BPF ELF object with one program "nd_site_<index>" for each site and the maps of `shape`, which is one of
// bpf/objects.h, for libbpf's bpf_object__open_mem().
Result<std::vector<char>> compile_probe(const nd_layout &layout, std::span<const nd_site> sites,
                                        ProgramKind kind = ProgramKind::kKprobe,
                                        std::span<const char> shape = bpf::probe_bitcode());

} // namespace nft_drops::jit

#endif
