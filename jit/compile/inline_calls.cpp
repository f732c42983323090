// SPDX-License-Identifier: GPL-2.0-only
#include "jit/compile/inline_calls.h"

#include <llvm/ADT/STLExtras.h>
#include <llvm/IR/Instructions.h>
#include <llvm/Transforms/Utils/Cloning.h>

namespace nft_drops::jit {

void inline_single_calls(llvm::Module &m, llvm::StringRef prefix) {
	for (bool again = true; again;) {
		again = false;
		for (llvm::Function &f : llvm::make_early_inc_range(m)) {
			if (f.isDeclaration() || !f.getName().starts_with(prefix) || !f.hasOneUse()) continue;
			auto *call = llvm::dyn_cast<llvm::CallInst>(f.user_back());
			llvm::InlineFunctionInfo how;
			if (!call || call->getCalledFunction() != &f || !llvm::InlineFunction(*call, how).isSuccess())
				continue;
			f.eraseFromParent();
			again = true;
		}
	}
}

} // namespace nft_drops::jit
