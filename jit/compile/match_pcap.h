// SPDX-License-Identifier: GPL-2.0-only
// Classic BPF, as libpcap compiles it, as LLVM IR.
#ifndef NFT_DROPS_JIT_COMPILE_MATCH_PCAP_H
#define NFT_DROPS_JIT_COMPILE_MATCH_PCAP_H

#include "jit/base/result.h"
#include "jit/match/program.h"

#include <llvm/IR/Module.h>

#include <span>

namespace nft_drops::jit {

// Every instruction is known, jumps go forward and stay inside, and the last instruction returns. libpcap's programs
// are like that.
Result<void> check_pcap(std::span<const PcapInstruction> program);

// A function `i32 (ptr subject)` that returns one of enum nd_matched (bpf/shared/match.h). The packet begins at its
// network header. A load beyond the packet's end takes no packet, as in bpf_filter().
llvm::Function *define_pcap(llvm::Module &m, std::span<const PcapInstruction> program);

} // namespace nft_drops::jit

#endif
