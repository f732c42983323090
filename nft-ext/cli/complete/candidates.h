// SPDX-License-Identifier: GPL-2.0-only
// Completion: the words that may stand at the cursor, by the grammar. The caller supplies the names of live objects.
#ifndef NFT_DROPS_NFT_EXT_CLI_COMPLETE_CANDIDATES_H
#define NFT_DROPS_NFT_EXT_CLI_COMPLETE_CANDIDATES_H

#include "nft-ext/cli/synopsis.h"

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nft_drops::complete {

struct Candidate {
	std::string word; // "!file" and "!directory" ask the shell for names of files and folders
	std::string meaning;
	auto operator<=>(const Candidate &) const = default;
};

// Which names are asked for: `name` is the placeholder (TABLE, CHAIN, ...) with the words before it, `prefix` is how
// the names begin, `netns` is the argument of the option that names a network namespace, or empty.
struct Wanted {
	const cli::Synopsis::Expected &name;
	std::string_view prefix;
	std::string_view netns;
};

// Returns the names, or nothing if the ruleset cannot be read. Names with another prefix are allowed: candidates()
// drops them.
using Names = std::function<std::vector<Candidate>(const Wanted &wanted)>;

// `words` is the command line without the program's name, up to the word at the cursor. The word at the cursor is the
// last one and may be empty. Returns each candidate once, in the order of the grammar.
std::vector<Candidate> candidates(std::span<const std::string_view> words, const Names &names);

} // namespace nft_drops::complete

#endif
