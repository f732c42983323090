// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_TESTS_BENCH_TASKS_H
#define NFT_DROPS_TESTS_BENCH_TASKS_H

#include <cstdint>
#include <string_view>

namespace nft_drops::bench {

// How long other processes have run so far, in nanoseconds. `name`: counts only processes whose name begins so; empty:
// counts all. With QEMU's -icount, the clock counts instructions (docs/cost.md).
int64_t tasks_ran(std::string_view name = {});

} // namespace nft_drops::bench

#endif
