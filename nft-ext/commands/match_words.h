// SPDX-License-Identifier: GPL-2.0-only
// SELECTOR and MATCH of a command line, for every command that takes them.
#ifndef NFT_DROPS_NFT_EXT_COMMANDS_MATCH_WORDS_H
#define NFT_DROPS_NFT_EXT_COMMANDS_MATCH_WORDS_H

#include "jit/base/result.h"
#include "jit/match/selector.h"
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

// What the SELECTOR names is not in the ruleset. Tables and chains come back by their names, and say() tells so; a rule
// does not come back: an error.
Result<void> without_selected(const jit::Selector &selector);
// For the line that says that a command watches: the families of tables whose rules cannot hold the MATCH. May be
// empty.
std::string words_without(const Match &match);

} // namespace nft_drops::cli

#endif
