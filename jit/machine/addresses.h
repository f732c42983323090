// SPDX-License-Identifier: GPL-2.0-only
// Where a function's data lies, by its code: kernels without CONFIG_KALLSYMS_ALL have symbols for functions only.
#ifndef NFT_DROPS_JIT_MACHINE_ADDRESSES_H
#define NFT_DROPS_JIT_MACHINE_ADDRESSES_H

#include "jit/machine/code.h"

#include <cstdint>
#include <vector>

namespace nft_drops::jit {

// Runs the function's instructions in the order of memory, without taking branches, and returns each value of a
// register that looks like a kernel address, once. Some values are no addresses: the caller has to know what it looks
// for by its content.
std::vector<uint64_t> addresses_in(Machine machine, const CodeRange &function);
std::vector<uint64_t> addresses_in(const Code &code, const Architecture &architecture);

} // namespace nft_drops::jit

#endif
