// SPDX-License-Identifier: GPL-2.0-only
// The probe's bitcode with one kernel's constants in place: private to jit/compile and to its tests, which run the
// result natively.
#ifndef NFT_DROPS_JIT_COMPILE_SPECIALISE_H
#define NFT_DROPS_JIT_COMPILE_SPECIALISE_H

#include "bpf/shared/site.h"
#include "jit/base/result.h"
#include "jit/match/program.h"

#include <llvm/IR/Module.h>

#include <memory>
#include <span>

namespace nft_drops::jit {

// The functions are the programs that compile_probe() names; nd_match() is `filter`; nothing is optimised yet.
Result<std::unique_ptr<llvm::Module>> specialise(llvm::LLVMContext &context, std::span<const char> probe_template,
                                                 const nd_layout &layout, std::span<const nd_site> sites,
                                                 const nd_settings &settings, const Filter &filter = {});

} // namespace nft_drops::jit

#endif
