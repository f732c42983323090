// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/commands/match_words.h"

#include "jit/base/table_family.h"
#include "nft-ext/match/selector.h"
#include "nft-ext/text/report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <utility>

namespace nft_drops::cli {

Result<MatchWords> read_words(const std::optional<std::string> &words, int netns, const char *undone) {
	MatchWords read;
	if (!words) return read;
	auto selection = read_selector(*words);
	if (!selection) return std::unexpected(selection.error());
	read.selector = std::move(selection->selector);
	// Without a SELECTOR the words are nft's to judge, also where there is none.
	if (read.selector.kind != ND_SELECT_ALL && selection->match.empty()) return read;
	auto match = read_match(selection->match, netns);
	if (match) {
		read.match = std::move(*match);
		read.text = std::move(selection->match);
		return read;
	}
	if (match.error().text.empty()) return std::unexpected(match.error().error);
	fputs(match.error().text.c_str(), stderr);
	return usage_error("MATCH", undone, "see nft(8), section EXPRESSIONS");
}

void follow(Rulesets &rulesets, const jit::Selector &selector) {
	if (selector.kind != ND_SELECT_ALL)
		rulesets.watch({selector.family, selector.table, selector.chain, selector.handle});
}

Result<void> check_followed(Rulesets &rulesets, const jit::Selector &selector, bool one,
                            const std::function<void(const std::string &)> &tell) {
	const bool is_rule = selector.kind == ND_SELECT_RULE;
	if (one && rulesets.is_there() == false) {
		if (is_rule)
			return usage_error(words_of(selector), "there is no such rule",
			                   "nft -a list ruleset shows handles");
		tell(fmt::format("there is no {} now; its drops are shown once there is", words_of(selector)));
	}
	if (is_rule) rulesets.on_gone([tell, &selector] { tell(fmt::format("handle {} is gone", selector.handle)); });
	return {};
}

std::string words_without(const Match &match) {
	if (match.without.empty()) return "";
	return fmt::format("; the MATCH means nothing in tables of {}", fmt::join(match.without, ", "));
}

std::optional<bool> is_selected(const jit::Selector &selector, const CulpritWords &culprit) {
	if (selector.kind == ND_SELECT_ALL) return true;
	if (culprit.family != family_name(selector.family)) return false;
	if (culprit.table != selector.table) {
		// A name that the kernel's sums hold only the beginning of.
		const bool cut = culprit.table.size() == ND_NAME_BYTES - 1 && selector.table.starts_with(culprit.table);
		return cut ? std::nullopt : std::optional(false);
	}
	const bool policy = culprit.cause == ND_CAUSE_POLICY;
	switch (selector.kind) {
	case ND_SELECT_CHAIN:
		if (!policy && !culprit.chain_known) return std::nullopt;
		return culprit.chain == selector.chain;
	case ND_SELECT_RULE:
		return !policy && culprit.handle == selector.handle;
	default:
		return true;
	}
}

} // namespace nft_drops::cli
