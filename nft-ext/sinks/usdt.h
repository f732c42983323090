// SPDX-License-Identifier: GPL-2.0-only
// The probe nft_drops:drop for scripts of the user's own (bpftrace, SystemTap, perf): hit once for each drop,
// shown or coalesced, with (family, table, chain, handle, rule text, cause, length). Strings are valid while it is hit;
// the handle is 0 and the rule's text the chain's line or empty where no rule dropped the packet. The length also lies,
// as a u64, in front of the cause.
#ifndef NFT_DROPS_NFT_EXT_SINKS_USDT_H
#define NFT_DROPS_NFT_EXT_SINKS_USDT_H

#include "nft-ext/drop/sink.h"

// Greater than 0 while somebody listens; the kernel counts. Its name and section are SystemTap's convention.
extern "C" unsigned short nft_drops_drop_semaphore; // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

namespace nft_drops::cli {

class UsdtSink final : public Sink {
public:
	// Costs a comparison where nobody listens.
	void take(const Drop &drop) override {
		if (__atomic_load_n(&nft_drops_drop_semaphore, __ATOMIC_RELAXED)) announce(drop);
	}

private:
	static void announce(const Drop &drop);
};

} // namespace nft_drops::cli

#endif
