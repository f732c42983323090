// SPDX-License-Identifier: GPL-2.0-only
// From events to text on standard output: asks the rulesets, keeps count, and shows as much as fits. Nothing here waits
// for the reader of standard output but finish().
#ifndef NFT_DROPS_NFT_EXT_SINKS_DISPLAY_H
#define NFT_DROPS_NFT_EXT_SINKS_DISPLAY_H

#include "bpf/shared/event.h"
#include "jit/kernel/live/expression_names.h"
#include "nft-ext/cli/command_line.h"
#include "nft-ext/drop/rulesets.h"
#include "nft-ext/drop/tally.h"
#include "nft-ext/sinks/folder.h"
#include "nft-ext/sinks/output.h"
#include "nft-ext/sinks/pace.h"

#include <chrono>
#include <memory>
#include <optional>
#include <unordered_map>

namespace nft_drops::cli {

class Display {
public:
	Display(const MonitorOptions &options, Rulesets &rulesets, const jit::ExpressionLayout &layout);

	// Before each batch of events: what time it is.
	void begin();
	void show(const nd_event &event, const nd_path *path);
	// Between events: hands on what is waiting. To be called at least every kTick while busy().
	void tick();
	static constexpr std::chrono::milliseconds kTick{100};
	[[nodiscard]] bool busy() const { return !output_.empty() || !folder_.empty(); }
	// Shows all that is left, waiting for it to be taken.
	void finish();

	[[nodiscard]] const Tally &tally() const { return tally_; }
	// As many as were asked for.
	[[nodiscard]] bool full() const { return options_.count && tally_.all() >= *options_.count; }
	[[nodiscard]] bool closed() const { return output_.closed(); }
	// Without the ruleset's words nothing can be told rightly.
	[[nodiscard]] const std::optional<Error> &failed() const { return failed_; }

private:
	using Clock = std::chrono::steady_clock; // CLOCK_MONOTONIC, as events are stamped with
	Result<const Answer *> answer(const nd_event &event, const nd_path *path);
	void unfold(bool all);
	const std::string &location(uint64_t address);

	const MonitorOptions &options_;
	Rulesets &rulesets_;
	jit::ExpressionNames expressions_;
	std::unordered_map<uint64_t, std::string> locations_;
	std::unique_ptr<Renderer> renderer_;
	Output output_;
	Pace pace_;
	Folder folder_;
	Tally tally_;
	std::optional<Error> failed_;
	Answer other_; // the latest one of nobody's rule
	Clock::time_point now_;
	std::chrono::system_clock::time_point wall_now_;
};

} // namespace nft_drops::cli

#endif
