// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/view/top_batch.h"

#include "nft-ext/text/escape.h"
#include "nft-ext/view/top_words.h"

#include <fmt/format.h>

#include <ctime>

namespace nft_drops {

std::string batch_frame(const TopFrame &frame, const TopSight &sight, int64_t now) {
	const time_t seconds = now / 1'000'000'000;
	tm local{};
	localtime_r(&seconds, &local);
	std::string text = fmt::format("# {:04}-{:02}-{:02} {} {}\n", local.tm_year + 1900, local.tm_mon + 1,
	                               local.tm_mday, time_of_day(now), sight_words(frame, sight));
	if (const std::string more = subject_words(frame, sight); !more.empty()) {
		text += "# ";
		append_escaped(text, more, Escape::kText);
		text += '\n';
	}
	text += "# DROPS/S      TOTAL LAST     RULE\n";
	for (const TopRule &rule : frame.rules)
		text += fmt::format("{:9.1f} {:10} {} {}\n", rule.figures.rate, rule.figures.total,
		                    time_of_day(rule.figures.last), rule_words(*rule.culprit));
	return text + '\n';
}

} // namespace nft_drops
