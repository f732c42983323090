// SPDX-License-Identifier: GPL-2.0-only
#ifndef NFT_DROPS_JIT_KERNEL_LIVE_DROP_REASON_H
#define NFT_DROPS_JIT_KERNEL_LIVE_DROP_REASON_H

#include "jit/base/result.h"

#include <cstdint>

namespace nft_drops::jit {

// What tracepoint skb:kfree_skb of the running kernel gives as the reason where netfilter dropped a packet: the value
// of SKB_DROP_REASON_NETFILTER_DROP, out of BTF. Fails with kMachine where the tracepoint does not tell reasons.
Result<uint32_t> netfilter_drop_reason();

} // namespace nft_drops::jit

#endif
