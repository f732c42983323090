// SPDX-License-Identifier: GPL-2.0-only
// The probe nft_drops:drop for scripts of the user's own (bpftrace, SystemTap, perf): hit once for each drop that
// `monitor` shows, with (family, table, chain, handle, rule text, cause, length). Strings are valid while it is hit;
// the handle is 0 and the rule's text the chain's line or empty where no rule dropped the packet. The length also lies,
// as a u64, in front of the cause.
#ifndef NFT_DROPS_NFT_EXT_SINKS_USDT_H
#define NFT_DROPS_NFT_EXT_SINKS_USDT_H

#include "bpf/shared/event.h"
#include "nft-ext/ruleset/index/answer.h"

// Greater than 0 while somebody listens; the kernel counts. Its name and section are SystemTap's convention.
extern "C" unsigned short nft_drops_drop_semaphore; // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

namespace nft_drops::cli {

void announce_to_listeners(const nd_event &event, const Answer &answer);

// Costs a comparison where nobody listens.
inline void announce(const nd_event &event, const Answer &answer) {
	if (__atomic_load_n(&nft_drops_drop_semaphore, __ATOMIC_RELAXED)) announce_to_listeners(event, answer);
}

} // namespace nft_drops::cli

#endif
