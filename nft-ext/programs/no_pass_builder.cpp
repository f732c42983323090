// SPDX-License-Identifier: GPL-2.0-only
// LLVM's BPF target mentions this one function, in what it would add to LLVM's standard pipelines. They are not used
// here (jit/compile/compile.cpp): with LLVM's own definition come all of its passes, which nothing calls, and the
// constructors of their options, which run at each start.
#include <llvm/Passes/PassBuilder.h>

namespace llvm {

Expected<bool> PassBuilder::parseSinglePassOption(StringRef, StringRef, StringRef) {
	llvm_unreachable("no pipeline is built from text");
}

} // namespace llvm
