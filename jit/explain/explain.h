// SPDX-License-Identifier: GPL-2.0-only
// The Plan in words: what `nft-drops probe` prints.
#ifndef NFT_DROPS_JIT_EXPLAIN_EXPLAIN_H
#define NFT_DROPS_JIT_EXPLAIN_EXPLAIN_H

#include "jit/kernel/live/kprobes.h"
#include "jit/kernel/types/kernel.h"
#include "jit/resolve/plan.h"

#include <string>
#include <string_view>

namespace nft_drops::jit {

// The Plan in words, one fact a line. `forms`: of the probes that are at its sites now, as probe_forms() tells.
// `proof`: what makes the kernel's layout the right one, where that is not BTF.
std::string explain(const Plan &plan, const Kernel &kernel, const ProbeForms &forms = {}, std::string_view proof = {});

// "r15", "stack slot sp+0x48"
std::string describe(const nd_locator &at, Machine machine);

// A text with each address in the kernel ("0xffffffffc0000140") replaced by "0x(kernel)": they tell an attacker where
// the kernel lies.
std::string without_kernel_addresses(std::string_view text);

} // namespace nft_drops::jit

#endif
