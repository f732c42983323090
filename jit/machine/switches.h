// SPDX-License-Identifier: GPL-2.0-only
// Tables of a switch statement's targets. On x86 compilers make one where neither retpolines nor IBT forbid it:
// `jmp *TABLE(,%reg,8)`. (No build for arm64 was seen to have one.)
#ifndef NFT_DROPS_JIT_MACHINE_SWITCHES_H
#define NFT_DROPS_JIT_MACHINE_SWITCHES_H

#include "jit/machine/image.h"

#include <cstdint>
#include <functional>
#include <optional>

namespace nft_drops::jit {

// Eight bytes of the kernel's memory, as its code sees them; nothing where there are none.
using ReadWord = std::function<std::optional<uint64_t>(uint64_t address)>;

// Finds the tables that the image's code jumps by. How many entries one has is not written anywhere: it ends where the
// next one begins, or with the first word that is no address in the code.
void add_switch_tables(Image &image, const ReadWord &read);

} // namespace nft_drops::jit

#endif
