// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/sinks/sample_sink.h"

#include "nft-ext/sinks/context.h"
#include "nft-ext/sinks/details.h"
#include "nft-ext/sinks/jump_path.h"

namespace nft_drops {

void SampleSink::take(const Drop &drop) {
	const Context context = context_of(drop);
	if (!rule_.empty() && context.text_known && drop.attribution->text != rule_) return;
	lines_.clear();
	std::string line = "sample ";
	line += clock_.time_of_day(drop.time);
	line += ' ';
	line += words_.of(drop.event);
	if (drop.event.flags & ND_FLAG_UNDECIDED) line += " # undecided";
	append_note(line, context);
	lines_.push_back(std::move(line));
	std::string path;
	append_jump_path(path, drop);
	if (!path.empty()) lines_.push_back(std::move(path));
	for (std::string &detail : details_of(drop))
		lines_.push_back(std::move(detail));
}

} // namespace nft_drops
