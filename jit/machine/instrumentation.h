// SPDX-License-Identifier: GPL-2.0-only
// What debug kernels have compiled in: KASAN, KCSAN, KCOV, UBSAN. Compilers put a check around accesses of memory. The
// checks change nothing that the checked function sees.
#ifndef NFT_DROPS_JIT_MACHINE_INSTRUMENTATION_H
#define NFT_DROPS_JIT_MACHINE_INSTRUMENTATION_H

#include "jit/machine/code.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace nft_drops::jit {

// True for the functions that compilers call for a check, and for lockdep's: "__asan_load8_noabort",
// "__sanitizer_cov_trace_pc", "debug_lockdep_rcu_enabled" and others.
bool is_check(std::string_view function);

// True if the code calls one function from so many places that the function may be a check. Only then is the name of
// each called function worth a look into the kernel's symbol table.
bool may_have_checks(const Image &image);

// KASAN_SHADOW_OFFSET of the kernel: KASAN keeps the state of the eight bytes at ADDRESS in the byte at
// (ADDRESS >> 3) + OFFSET (kasan_mem_to_shadow() of include/linux/kasan.h). The code itself has the offset as a
// constant. Empty where the code has none: the kernel has no KASAN, or its checks are calls.
std::optional<uint64_t> shadow_offset(const Code &code, const Architecture &architecture);

} // namespace nft_drops::jit

#endif
