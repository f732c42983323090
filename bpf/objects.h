// SPDX-License-Identifier: GPL-2.0-only
// What this folder gives to user space: the probe and the probe in counting and in aggregating mode as LLVM bitcode
// (target bpf; see probe.bpf.c, count.bpf.c, flows.bpf.c), the memory reader and the finder of the list of modules, and
// the watcher of a control group's sockets as BPF ELF objects. All live as long as the program.
//
// A start takes longer the more bitcode it reads. So the build makes three editions of the probe's bitcode. One edition
// is for all settings and kernels. The two others are for probes without settings: one for kernels whose memory a
// program may load (nd_cast), one for kernels where a program must call bpf_probe_read_kernel().
#ifndef NFT_DROPS_BPF_OBJECTS_H
#define NFT_DROPS_BPF_OBJECTS_H

#include "bpf/shared/site.h"

#include <span>

namespace nft_drops::bpf {

// The edition of the probe for kernels with this layout, and for these settings.
std::span<const char> probe_bitcode(const nd_layout &layout, const nd_settings &settings);
std::span<const char> count_bitcode();
std::span<const char> flows_bitcode();
std::span<const char> reader_object();
std::span<const char> finder_object();
std::span<const char> sockets_object();

} // namespace nft_drops::bpf

#endif
