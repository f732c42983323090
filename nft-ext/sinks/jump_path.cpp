// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/sinks/jump_path.h"

#include "nft-ext/text/escape.h"

#include <string_view>

namespace nft_drops {

void append_jump_path(std::string &out, const Drop &drop) {
	if (!drop.path) return;
	const Attribution &attribution = *drop.attribution;
	const auto name = [&out](const char *before, std::string_view text) {
		out += before;
		append_escaped(out, text, Escape::kWord);
	};
	const auto handle = [&out](uint64_t number) { out += " (handle " + std::to_string(number) + ")"; };
	name("", attribution.base_chain);
	std::string_view at = attribution.base_chain; // empty: wherever it goes on
	const auto arrive = [&](std::string_view chain) {
		if (at.empty())
			name(" -> ", chain);
		else if (at != chain)
			name(" -> goto ", chain);
	};
	for (const JumpStep &step : *drop.path) {
		arrive(step.chain);
		at = step.target;
		if (step.handle == 0) {
			out += " -> ?";
			continue;
		}
		if (at.empty())
			out += " -> vmap";
		else
			name(" -> jump ", at);
		handle(step.handle);
	}
	arrive(attribution.chain);
	out += " -> drop";
	handle(drop.event.rule_handle);
}

} // namespace nft_drops
