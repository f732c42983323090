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

// Emulates a call of `function` in `state`, whose registers hold the arguments, and returns the function's result.
// Unknown if the function is none of `helpers`, calls others, depends on something unknown, or is not understood.
// `state` stays as it was: the caller judges what the function may have changed.
Value answer_of_helper(const Code &helpers, const Architecture &arch, MachineState &state, uint64_t function,
                       std::optional<uint64_t> thunk);

} // namespace nft_drops::jit

#endif
