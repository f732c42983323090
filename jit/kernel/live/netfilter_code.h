// SPDX-License-Identifier: GPL-2.0-only
// Code of netfilter that drops a packet and frees the packet without a reason: kfree_skb() in place of
// kfree_skb_reason(skb, SKB_DROP_REASON_NETFILTER_DROP). Only the address of the code then tells the tracepoint
// skb:kfree_skb that netfilter dropped the packet.
//
// - nf_queue() of net/netfilter/nf_queue.c: verdict "queue", and no listener takes the packet, or its queue is full.
// - nf_reinject(): a listener, or a rule behind the queue, drops the packet. In nf_queue.c until Linux 6.9, later
//   inlined into functions of nfnetlink_queue.
// - nfqnl_flush() and others of nfnetlink_queue: queued packets, when the listener or a device goes.
// - br_netfilter, all functions: a bridged packet has no route, or has become too long.
// - ip_vs_*_xmit() of ip_vs: a packet has no way to its server.
//
// nfqnl_enqueue_packet() and its callees are not listed: they free netlink messages, and the large packet (GSO) whose
// segments are queued already.
#ifndef NFT_DROPS_JIT_KERNEL_LIVE_NETFILTER_CODE_H
#define NFT_DROPS_JIT_KERNEL_LIVE_NETFILTER_CODE_H

#include "bpf/shared/site.h"

#include <cstdint>
#include <string>
#include <vector>

namespace nft_drops::jit {

class NetfilterCode {
public:
	// True if one of the modules was loaded or unloaded since the last call of ranges(). Costs a few stat(2).
	[[nodiscard]] bool changed() const;
	// At most ND_NETFILTER_RANGES ranges, sorted; no two touch. Reads /proc/kallsyms. Empty if /proc/kallsyms hides
	// addresses.
	std::vector<nd_code_range> ranges();

private:
	std::vector<uint64_t> seen_; // see identities() in the source
};

// As ranges(), from a symbol table in the format of /proc/kallsyms.
std::vector<nd_code_range> netfilter_code_in(const std::string &path);

} // namespace nft_drops::jit

#endif
