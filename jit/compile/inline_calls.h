// SPDX-License-Identifier: GPL-2.0-only
// Private to jit/compile.
#ifndef NFT_DROPS_JIT_COMPILE_INLINE_CALLS_H
#define NFT_DROPS_JIT_COMPILE_INLINE_CALLS_H

#include <llvm/IR/Module.h>

namespace nft_drops::jit {

// Puts each function whose name begins with `prefix` in place of its call, and erases the function, if the module calls
// the function once. In BPF, a call and its return cost some 20 instructions, and one of the verifier's eight frames.
void inline_single_calls(llvm::Module &m, llvm::StringRef prefix);

} // namespace nft_drops::jit

#endif
