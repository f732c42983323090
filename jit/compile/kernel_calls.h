// SPDX-License-Identifier: GPL-2.0-only
// Private to jit/compile and to its tests.
#ifndef NFT_DROPS_JIT_COMPILE_KERNEL_CALLS_H
#define NFT_DROPS_JIT_COMPILE_KERNEL_CALLS_H

#include <span>

namespace nft_drops::jit {

// In a BPF ELF object: calls of helpers whose number has ND_KERNEL_FUNCTION become calls of the kernel's function with
// the BTF id that is the rest of it. C and LLVM know helpers only; in libbpf's way, declared functions with types, LLVM
// would have to make types at each start.
void mark_kernel_calls(std::span<char> object);

} // namespace nft_drops::jit

#endif
