// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_JIT_KERNEL_LIVE_RING_LOCK_H
#define NFT_DROPS_JIT_KERNEL_LIVE_RING_LOCK_H

#include "jit/base/result.h"

struct btf;

namespace nft_drops::jit {

// True if bpf_ringbuf_reserve() may sleep: on a PREEMPT_RT kernel a spinlock_t is a mutex, and struct bpf_ringbuf has a
// spinlock_t (a raw_spinlock_t since Linux 6.11.5). `types` is the BTF of vmlinux. False if BTF lacks the structure.
bool ring_lock_may_sleep(const btf *types);

// Fails with kMachine if bpf_ringbuf_reserve() of the running kernel may sleep: a kprobe's program must not sleep.
Result<void> can_use_ring();

} // namespace nft_drops::jit

#endif
