// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_JIT_BASE_TIME_NAMESPACE_H
#define NFT_DROPS_JIT_BASE_TIME_NAMESPACE_H

#include <chrono>

namespace nft_drops::jit {

// What this process's CLOCK_MONOTONIC shows more than the kernel's own, which bpf_ktime_get_ns() gives: not 0 in a time
// namespace (time_namespaces(7)). `path` has the offsets in the format of /proc/PID/timens_offsets. 0 where it does not
// exist: before Linux 5.6, or without CONFIG_TIME_NS.
std::chrono::nanoseconds monotonic_offset(const char *path = "/proc/self/timens_offsets");

} // namespace nft_drops::jit

#endif
