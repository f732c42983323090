// SPDX-License-Identifier: GPL-2.0-only
// Netfilter's code that frees packets because it drops them, and gives no reason for it: kfree_skb() in place of
// kfree_skb_reason(skb, SKB_DROP_REASON_NETFILTER_DROP). The tracepoint skb:kfree_skb then tells netfilter's drops from
// others by the address of the code alone.
//
// | function | drops |
// |---|---|
// | nf_queue() of net/netfilter/nf_queue.c | a verdict "queue" that nobody takes: no listener, or its queue is full |
// | nf_reinject() | a queued packet that its listener, or a rule after that, drops. In nf_queue.c, since 6.10 inlined
// into functions of nfnetlink_queue | | nfqnl_flush() and so on of nfnetlink_queue | queued packets, when the listener
// or a device goes | | all of br_netfilter | a bridged packet that has no route, or has become too long | |
// ip_vs_*_xmit() of ip_vs | a packet that has no way to its server | Not listed: nfqnl_enqueue_packet() and what it
// calls. They free netlink messages, and the large packet (GSO) whose segments they have queued.
#ifndef NFT_DROPS_JIT_KERNEL_LIVE_NETFILTER_CODE_H
#define NFT_DROPS_JIT_KERNEL_LIVE_NETFILTER_CODE_H

#include "bpf/shared/site.h"

#include <cstdint>
#include <string>
#include <vector>

namespace nft_drops::jit {

class NetfilterCode {
public:
	// Whether one of the modules came or went since the last call of ranges(). Costs a few stat(2).
	[[nodiscard]] bool changed() const;
	// At most ND_NETFILTER_RANGES, sorted, no two touch. Reads /proc/kallsyms; empty where that tells nothing.
	std::vector<nd_code_range> ranges();

private:
	std::vector<uint64_t> seen_; // see identities() in the source
};

// The same of a symbol table in the format of /proc/kallsyms.
std::vector<nd_code_range> netfilter_code_in(const std::string &path);

} // namespace nft_drops::jit

#endif
