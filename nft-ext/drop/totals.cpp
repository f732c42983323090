// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/drop/totals.h"

#include "nft-ext/text/figures.h"

#include <fmt/format.h>

namespace nft_drops::cli {

void Totals::add(const nd_event &event) {
	if (event.flags & ND_FLAG_UNDECIDED) {
		undecided++;
		return;
	}
	switch (event.cause) {
	case ND_CAUSE_RULE:
		by_rule++;
		break;
	case ND_CAUSE_POLICY:
		by_policy++;
		break;
	default:
		other++;
		break;
	}
}

std::string Totals::summary(uint64_t lost, std::optional<uint64_t> of, std::chrono::milliseconds unseen) const {
	std::string text =
	        fmt::format("{} drops ({} by rule, {} by policy, {} other)", all(), by_rule, by_policy, other);
	if (of) text += fmt::format(" of {}", *of);
	if (unseen.count() > 0)
		return text + fmt::format(", unseen for {} s, lost otherwise: {}", seconds(unseen), lost);
	return text + fmt::format(", {} lost", lost);
}

std::string Totals::concerned(std::string_view cmd, uint64_t lost, std::chrono::milliseconds unseen) const {
	std::string text = fmt::format("{} drops concerned {} ({} by rule, {} by policy, {} other)", all(), cmd,
	                               by_rule, by_policy, other);
	if (unseen.count() > 0)
		return text + fmt::format(", unseen for {} s, lost otherwise: {}", seconds(unseen), lost);
	return text + fmt::format(", {} lost", lost);
}

std::string Totals::audit(const Audited &kernel) const {
	const std::string shown = fmt::format("{} by rule + {} by policy + {} other", grouped(by_rule),
	                                      grouped(by_policy), grouped(other));
	std::string text;
	if (kernel.filtered) {
		const uint64_t of = kernel.seen + kernel.other, left_out = *kernel.filtered + filtered;
		text = fmt::format("{} netfilter drops = {} + {} undecided + {} not asked for", grouped(of), shown,
		                   grouped(undecided), grouped(left_out));
		if (const uint64_t told = all() + undecided + left_out; told < of)
			text += fmt::format("; {} are missing", grouped(of - told));
	} else {
		text = fmt::format("{} netfilter drops = {}", grouped(all()), shown);
	}
	if (kernel.freed != kernel.seen)
		text += fmt::format("; the kernel freed {} of nf_tables' {} drops as such", grouped(kernel.freed),
		                    grouped(kernel.seen));
	return text;
}

} // namespace nft_drops::cli
