// SPDX-License-Identifier: GPL-2.0-only
// SELECTOR and MATCH of a command line, for every command that takes them.
#ifndef NFT_DROPS_NFT_EXT_COMMANDS_MATCH_WORDS_H
#define NFT_DROPS_NFT_EXT_COMMANDS_MATCH_WORDS_H

#include "jit/base/result.h"
#include "jit/match/selector.h"
#include "nft-ext/drop/rulesets.h"
#include "nft-ext/history/row.h"
#include "nft-ext/match/match.h"

#include <optional>
#include <string>

namespace nft_drops::cli {

struct MatchWords {
	jit::Selector selector;
	Match match;      // no families: there is no MATCH
	std::string text; // the MATCH as it was typed; empty: there is none
};

// Prints nft's own message about the MATCH where there is one. `words`: what follows the command. `netns`: as in
// read_match(). `undone`: what the command does not do then, as in "nothing is monitored".
Result<MatchWords> read_words(const std::optional<std::string> &words, int netns, const char *undone);

// The rulesets' reader follows what the SELECTOR names, which has to outlive it. Before Rulesets::start().
void follow(Rulesets &rulesets, const jit::Selector &selector);
// After the first ruleset was read. `one`: a single network namespace is watched. If the ruleset does not have what the
// SELECTOR names: a table or a chain may come back by its name, and `tell` says so; a rule does not come back, which is
// an error. From then on `tell` hears when a selected rule goes.
Result<void> check_followed(Rulesets &rulesets, const jit::Selector &selector, bool one,
                            const std::function<void(const std::string &)> &tell);
// Whether the rule or policy is one of the SELECTOR; nothing: that cannot be told.
std::optional<bool> is_selected(const jit::Selector &selector, const CulpritWords &culprit);
// For the line that says that a command watches: the families of tables whose rules cannot hold the MATCH. May be
// empty.
std::string words_without(const Match &match);

} // namespace nft_drops::cli

#endif
