// SPDX-License-Identifier: GPL-2.0-only
// Small functions that the emulated function calls and that most compilers inline.
#ifndef NFT_DROPS_JIT_MACHINE_HELPER_H
#define NFT_DROPS_JIT_MACHINE_HELPER_H

#include "jit/machine/code.h"

#include <cstdint>
#include <optional>

namespace nft_drops::jit {

// Where a function of `code` jumps to in place of returning: the one place outside that it jumps to, if it has no
// return instruction. Where there are several, none is known to be the return thunk.
std::optional<uint64_t> return_thunk(const Code &code);

// What a function returns that is called in `state`, with its arguments in their registers. Unknown where it is none of
// `helpers`, calls others, depends on something unknown, or is not understood. Afterwards `state` is as it was: what
// the function may change is the caller's to judge.
Value answer_of_helper(const Code &helpers, const Architecture &arch, MachineState &state, uint64_t function,
                       std::optional<uint64_t> thunk);

} // namespace nft_drops::jit

#endif
