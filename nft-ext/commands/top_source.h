// SPDX-License-Identifier: GPL-2.0-only
// What `top` shows, from the kernel to the model: the sums by rule and flow, the texts, the SELECTOR, and whether the
// probe sees.
//
// The MATCH is decided in the kernel. The SELECTOR is decided here: every sum is of one rule, so nothing would be saved
// by asking for each packet.
#ifndef NFT_DROPS_NFT_EXT_COMMANDS_TOP_SOURCE_H
#define NFT_DROPS_NFT_EXT_COMMANDS_TOP_SOURCE_H

#include "jit/base/result.h"
#include "jit/flows/flows.h"
#include "jit/match/selector.h"
#include "nft-ext/commands/sight_watch.h"
#include "nft-ext/commands/watched_flows.h"
#include "nft-ext/drop/rulesets.h"
#include "nft-ext/drop/totals.h"
#include "nft-ext/loop/loop.h"
#include "nft-ext/view/top_model.h"
#include "nft-ext/view/top_view.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace nft_drops::cli {

// The wall clock: nanoseconds since the epoch, as frames have their time.
int64_t wall_now();

class TopSource final : private WatchedFlows {
public:
	struct Options {
		jit::Selector selector;
		std::string match; // the MATCH in words
		SightWatch::Tell tell;
	};
	// Room for flows and rules in the kernel, less than for `record`: what a screen shows is little.
	static jit::FlowsOptions room(uint32_t netns, jit::Filter filter);

	// `flows` were started with `wanted`.
	TopSource(Loop &loop, Rulesets &rulesets, std::unique_ptr<jit::Flows> flows, const jit::FlowsOptions &wanted,
	          Options options);

	// From now on it is known whether the probe sees. Options::tell hears when that changes.
	Result<void> watch_sight();
	// The sums since the last call, as one interval. Runs the loop while texts are asked for.
	void take();
	// Only drops that `filter` takes, whose words are `match`; figures begin anew. Where it fails, nothing changes.
	Result<void> filter(jit::Filter filter, std::string match);
	// Figures begin anew.
	void zero();
	// No probe sees any more, for good.
	[[nodiscard]] bool ended() const { return sight_.lost(); }
	// Takes the links away; what was summed up until then is taken.
	Result<void> end();

	[[nodiscard]] const TopModel &model() const { return model_; }
	using WatchedFlows::flows;
	// Which drops the kernel sums up.
	[[nodiscard]] const jit::Filter &filter() const { return wanted().filter; }
	[[nodiscard]] bool blind() const { return sight_.blind().has_value(); }
	[[nodiscard]] TopSight sight() const;
	// The summary line, as monitor's.
	[[nodiscard]] std::string summary() const;

private:
	// WatchedFlows:
	void use(const Row &row) override;
	void taken(const FlowRows::Sums &sums, uint64_t lost) override;

	[[nodiscard]] bool selects() const { return options_.selector.kind != ND_SELECT_ALL; }
	[[nodiscard]] std::optional<uint64_t> seen() const;

	Options options_;
	TopModel model_;
	Totals totals_;
	uint64_t taken_ = 0; // packets that the kernel summed up, whatever the SELECTOR says
	uint64_t seen_ = 0;  // with a MATCH: packets that it was asked about
	uint64_t lost_ = 0;
	Loop::Clock::time_point interval_;
	bool ended_ = false;
	SightWatch sight_;
};

} // namespace nft_drops::cli

#endif
