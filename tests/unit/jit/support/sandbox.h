// SPDX-License-Identifier: GPL-2.0-only
// Runs changed machine code where it can do no harm: in a process of its own that may call the kernel for memory and
// signals only, and not for long.
#ifndef NFT_DROPS_TESTS_UNIT_JIT_SUPPORT_SANDBOX_H
#define NFT_DROPS_TESTS_UNIT_JIT_SUPPORT_SANDBOX_H

#include "proof.h"

namespace nft_drops::jit_test {

struct SandboxResult {
	enum class End { kProof, kCrash, kEndless, kNoSandbox } end = End::kCrash;
	Proof proof; // of kProof; without its texts
};

// prove() of `plan` on `f` with the bytes of `changed`, an Image of `f`, in place of its own.
SandboxResult prove_in_sandbox(const Fixture &f, const jit::Image &changed, const jit::Plan &plan, unsigned seed,
                               int rulesets);

} // namespace nft_drops::jit_test

#endif
