// SPDX-License-Identifier: GPL-2.0-only
// Who knows which rule dropped a packet: Rulesets, or a test's own. It knows at once, or is asked and knows later.
#ifndef NFT_DROPS_NFT_EXT_DROP_ATTRIBUTOR_H
#define NFT_DROPS_NFT_EXT_DROP_ATTRIBUTOR_H

#include "bpf/shared/event.h"
#include "nft-ext/ruleset/details/details.h"
#include "nft-ext/ruleset/index/attribution.h"
#include "nft-ext/ruleset/index/jump_path.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace nft_drops::cli {

class Attributor {
public:
	// What there is to say about one drop. A null attribution: the question was lost, and may be asked again.
	struct About {
		SharedAttribution attribution;
		std::optional<JumpPath> path;           // where the question was with a path, and it is known
		std::shared_ptr<const Details> details; // where the question was with details
	};

	Attributor() = default;
	Attributor(const Attributor &) = delete;
	Attributor &operator=(const Attributor &) = delete;
	virtual ~Attributor() = default;

	// Called when reply() or ask() of a namespace may succeed that did not before. Not from within the other calls.
	virtual void on_news(std::function<void(uint32_t netns)> news) = 0;
	// What is known at once; null where it has to be asked for.
	virtual SharedAttribution find(const nd_event &event) = 0;
	// Asks which rule dropped the packet; with `path` also for the jumps that led there, with `path` and `details`
	// also for Details. False if no question can be taken now.
	virtual bool ask(const nd_event &event, const nd_path *path, const nd_details *details = nullptr) = 0;
	// The reply to the oldest question about this namespace that has none yet; nullopt where it has not come.
	virtual std::optional<About> reply(uint32_t netns) = 0;
	// What the namespace is called. Valid until the next call.
	virtual const std::string &name_of(uint32_t netns) = 0;
};

} // namespace nft_drops::cli

#endif
