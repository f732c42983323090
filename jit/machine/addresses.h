// SPDX-License-Identifier: GPL-2.0-only
// Where a function's data lies, by its code: kernels without CONFIG_KALLSYMS_ALL have symbols for functions only.
#ifndef NFT_DROPS_JIT_MACHINE_ADDRESSES_H
#define NFT_DROPS_JIT_MACHINE_ADDRESSES_H

#include "jit/machine/code.h"

#include <cstdint>
#include <vector>

namespace nft_drops::jit {

// The kernel addresses that its instructions make in registers when they are taken one after the other, whatever the
// branches say; each once. Not all of them need be addresses: what is looked for has to be known by its content.
std::vector<uint64_t> addresses_in(Machine machine, const CodeRange &function);
std::vector<uint64_t> addresses_in(const Code &code, const Architecture &architecture);

} // namespace nft_drops::jit

#endif
