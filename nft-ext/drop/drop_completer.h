// SPDX-License-Identifier: GPL-2.0-only
// The one place that completes a Drop: from an event of the ring to all that Sinks are told.
#ifndef NFT_DROPS_NFT_EXT_DROP_DROP_COMPLETER_H
#define NFT_DROPS_NFT_EXT_DROP_DROP_COMPLETER_H

#include "nft-ext/drop/drop.h"
#include "nft-ext/drop/kernel_names.h"
#include "nft-ext/drop/rulesets.h"

#include <chrono>
#include <memory>

namespace nft_drops::cli {

class DropCompleter {
public:
	// `name_netns`: several namespaces are watched, so that each drop says in which one it was.
	DropCompleter(Rulesets &rulesets, KernelNames &names, bool name_netns)
	    : rulesets_(rulesets), names_(names), name_netns_(name_netns) {}

	// To be called before each batch of events: what time it is. The wall clock may be set at any time.
	void begin();
	// Valid until the next call.
	Result<const Drop *> complete(const nd_event &event, const nd_path *path);

private:
	using Clock = std::chrono::steady_clock; // CLOCK_MONOTONIC, as nd_event.time_ns

	Rulesets &rulesets_;
	KernelNames &names_;
	bool name_netns_;
	SharedAttribution nothing_ = std::make_shared<const Attribution>();
	Clock::time_point now_;
	std::chrono::system_clock::time_point wall_now_;
	Drop drop_;
};

} // namespace nft_drops::cli

#endif
