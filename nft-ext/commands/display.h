// SPDX-License-Identifier: GPL-2.0-only
// From events to Sinks: completes each drop, counts it, and hands it to every Sink. Nothing here waits for the reader
// of standard output but finish().
#ifndef NFT_DROPS_NFT_EXT_COMMANDS_DISPLAY_H
#define NFT_DROPS_NFT_EXT_COMMANDS_DISPLAY_H

#include "bpf/shared/event.h"
#include "nft-ext/cli/command_line.h"
#include "nft-ext/commands/live_kernel_names.h"
#include "nft-ext/drop/drop_completer.h"
#include "nft-ext/drop/rulesets.h"
#include "nft-ext/drop/sink.h"
#include "nft-ext/drop/totals.h"

#include <memory>
#include <optional>
#include <vector>

namespace nft_drops::cli {

class Display {
public:
	Display(const MonitorOptions &options, Rulesets &rulesets, const jit::ExpressionLayout &layout);

	// Before each batch of events.
	void begin() { completer_.begin(); }
	void show(const nd_event &event, const nd_path *path);
	// Between events: hands on what is waiting. To be called at least every Sink::kFlushEvery while busy().
	void tick();
	[[nodiscard]] bool busy() const;
	// Shows all that is left, waiting for it to be taken.
	void finish();

	[[nodiscard]] const Totals &totals() const { return totals_; }
	// As many as were asked for.
	[[nodiscard]] bool full() const { return options_.count && totals_.all() >= *options_.count; }
	[[nodiscard]] bool closed() const;
	// Without the ruleset's words nothing can be told rightly.
	[[nodiscard]] const std::optional<Error> &failed() const { return failed_; }

private:
	const MonitorOptions &options_;
	Rulesets &rulesets_;
	LiveKernelNames names_;
	DropCompleter completer_;
	std::vector<std::unique_ptr<Sink>> sinks_;
	Totals totals_;
	std::optional<Error> failed_;
};

} // namespace nft_drops::cli

#endif
