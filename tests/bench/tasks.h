// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_TESTS_BENCH_TASKS_H
#define NFT_DROPS_TESTS_BENCH_TASKS_H

#include <cstdint>
#include <string_view>

namespace nft_drops::bench {

// Nanoseconds that tasks have run so far: of all processes but this one, or of those whose name begins with `name`.
// With QEMU's -icount shift=0 a nanosecond is an instruction.
int64_t tasks_ran(std::string_view name = {});

} // namespace nft_drops::bench

#endif
