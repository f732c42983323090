// SPDX-License-Identifier: GPL-2.0-only
// What may stand at the cursor of a command line, from the grammar; names of live objects come from whoever asks.
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
	std::string word; // "!file" and "!directory": the shell's own names of these
	std::string meaning;
	auto operator<=>(const Candidate &) const = default;
};

// What names are asked for: of which kind and where (TABLE, CHAIN, ... of a synopsis, with the words before it), what
// they begin with, and the argument of an option that names a network namespace, or nothing.
struct Wanted {
	const cli::Synopsis::Expected &name;
	std::string_view prefix;
	std::string_view netns;
};

// They; none where they cannot be had. Others may be among them.
using Names = std::function<std::vector<Candidate>(const Wanted &wanted)>;

// `words`: the command line without the program, up to the word at the cursor, which is the last and may be empty.
// Sorted as the grammar has them, each once.
std::vector<Candidate> candidates(std::span<const std::string_view> words, const Names &names);

} // namespace nft_drops::complete

#endif
