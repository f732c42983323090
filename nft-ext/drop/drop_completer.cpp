// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/drop/drop_completer.h"

#include <utility>

namespace nft_drops::cli {

void DropCompleter::begin() {
	now_ = Clock::now();
	wall_now_ = std::chrono::system_clock::now();
}

Result<const Drop *> DropCompleter::complete(const nd_event &event, const nd_path *path) {
	drop_ = {};
	drop_.event = event;
	const auto age = now_.time_since_epoch() - std::chrono::nanoseconds(event.time_ns);
	drop_.time = wall_now_ - std::chrono::duration_cast<std::chrono::system_clock::duration>(age);
	if (event.cause == ND_CAUSE_OTHER) {
		drop_.attribution = nothing_;
		drop_.location = names_.function(event.location);
	} else {
		auto about = rulesets_.about(event, path);
		if (!about) return std::unexpected(about.error());
		drop_.attribution = std::move(about->attribution);
		drop_.path = std::move(about->path);
		if (event.expr_ops) drop_.expression = names_.expression(event.expr_ops);
	}
	if (name_netns_) drop_.netns_name = rulesets_.name_of(event.netns);
	return &drop_;
}

} // namespace nft_drops::cli
