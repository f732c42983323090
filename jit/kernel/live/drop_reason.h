// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_JIT_KERNEL_LIVE_DROP_REASON_H
#define NFT_DROPS_JIT_KERNEL_LIVE_DROP_REASON_H

#include "jit/base/result.h"

#include <cstdint>

namespace nft_drops::jit {

// The value of SKB_DROP_REASON_NETFILTER_DROP in the running kernel's BTF: tracepoint skb:kfree_skb has this reason
// where netfilter drops a packet. Fails with kMachine if the tracepoint has no reasons.
Result<uint32_t> netfilter_drop_reason();

} // namespace nft_drops::jit

#endif
