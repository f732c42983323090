// SPDX-License-Identifier: GPL-2.0-only
// The rulesets of one network namespace, or of all: each is read by a process of its own (nft-ext/ruleset).
#ifndef NFT_DROPS_NFT_EXT_DROP_RULESETS_H
#define NFT_DROPS_NFT_EXT_DROP_RULESETS_H

#include "nft-ext/drop/namespaces.h"
#include "nft-ext/ruleset/text/ruleset.h"

#include <chrono>
#include <memory>
#include <string>
#include <unordered_map>

namespace nft_drops::cli {

class Rulesets {
public:
	// Of one namespace, or (null) of all that there are and come.
	static Result<std::unique_ptr<Rulesets>> start(const NetNamespace *one);

	// Waits until they have been read.
	Result<void> ready();
	// What dropped the packet. Where its namespace or its ruleset is gone, an attribution that knows nothing.
	Result<Ruleset::About> about(const nd_event &event, const nd_path *path);
	// What a namespace is called.
	std::string name_of(uint32_t netns) { return netns ? of(netns).name : "unknown"; }
	// To be called now and then: lets go of namespaces that nobody else keeps.
	void look_around();

private:
	using Clock = std::chrono::steady_clock;
	struct Of {
		std::unique_ptr<Ruleset> ruleset; // null where it cannot be read
		std::string name;
		Clock::time_point used;
	};

	Rulesets() = default;
	Of &of(uint32_t netns);
	void add(uint32_t netns, const KnownNamespace &known);

	bool all_ = false;
	std::unique_ptr<Ruleset> one_;
	std::unordered_map<uint32_t, Of> by_netns_;
	Clock::time_point looked_;
	SharedAttribution nothing_ = std::make_shared<const Attribution>();
};

} // namespace nft_drops::cli

#endif
