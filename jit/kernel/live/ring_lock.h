// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_JIT_KERNEL_LIVE_RING_LOCK_H
#define NFT_DROPS_JIT_KERNEL_LIVE_RING_LOCK_H

#include "jit/base/result.h"

struct btf;

namespace nft_drops::jit {

// Whether bpf_ringbuf_reserve() may sleep: on a PREEMPT_RT kernel whose struct bpf_ringbuf has a spinlock_t, which is a
// mutex there (raw_spinlock_t since Linux 6.11.5). `types` are vmlinux's. false where they do not tell.
bool ring_lock_may_sleep(const btf *types);

// Fails with kMachine where that is so for the running kernel: a kprobe's program must not sleep.
Result<void> can_use_ring();

} // namespace nft_drops::jit

#endif
