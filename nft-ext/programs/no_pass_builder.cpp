// SPDX-License-Identifier: GPL-2.0-only
// LLVM's BPF target refers to this function for LLVM's standard pipelines. jit/compile/compile.cpp does not use these
// pipelines. LLVM's own definition would link all passes, and the constructors of their options would run at each
// start.
#include <llvm/Passes/PassBuilder.h>

namespace llvm {

Expected<bool> PassBuilder::parseSinglePassOption(StringRef, StringRef, StringRef) {
	llvm_unreachable("no pipeline is built from text");
}

} // namespace llvm
