// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_JIT_BASE_CODE_PAGES_H
#define NFT_DROPS_JIT_BASE_CODE_PAGES_H

namespace nft_drops::jit {

// Takes the program's code out of the process's memory. For a program that runs on for long behind its start: LLVM's
// code is 20 MiB, and is not needed again. The kernel brings back each page that the program goes on to use.
void release_code_pages();

} // namespace nft_drops::jit

#endif
