// SPDX-License-Identifier: GPL-2.0-only
// The notation of a command's synopsis, as in a manual page:
//
//   word     the word itself
//   NAME     (all capitals) a placeholder: any word, or one of the kind that placeholders() in grammar.h describes
//   a|b      either a or b; each is a word, a NAME or a group
//   ( ... )  a group
//   [ ... ]  an optional group
//   x...     x, once or repeated
#ifndef NFT_DROPS_NFT_EXT_CLI_SYNOPSIS_H
#define NFT_DROPS_NFT_EXT_CLI_SYNOPSIS_H

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace nft_drops::cli {

class Synopsis {
public:
	// `text` must outlive the Synopsis. Every synopsis stands in grammar.cpp, and the unit tests parse all of them.
	explicit Synopsis(std::string_view text);

	// A token that may come next, and the words that stood for each NAME on the way to the token.
	struct Expected {
		std::string_view token;
		std::vector<std::pair<std::string_view, std::string_view>> names;
		// The word that stood for `name`, or an empty view.
		[[nodiscard]] std::string_view of(std::string_view name) const;
	};
	struct Match {
		size_t fitting = 0;         // how many of the words fit, counted from the first
		bool whole = false;         // all words fit, and no further word is needed
		std::vector<Expected> next; // the tokens that may follow, if all words fit
	};
	[[nodiscard]] Match match(std::span<const std::string_view> words) const;

private:
	// A step of a nondeterministic automaton (Thompson's construction). match() follows all branches at once.
	struct Step {
		enum Kind { kWord, kSplit, kEnd } kind = kEnd;
		std::string_view token;
		int to[2] = {1, 1}; // kSplit: both next steps, relative to this step
	};
	using Steps = std::vector<Step>;
	struct Thread;
	class Compiler;
	void follow(size_t at, const Thread &from, std::vector<Thread> &threads) const;
	Steps steps_;
};

// True for a NAME, false for a word.
bool is_placeholder(std::string_view token);

// True if `word` can stand for `placeholder`. FAMILY takes nft's families, N and HANDLE take numbers, all others take
// any word.
bool fits(std::string_view placeholder, std::string_view word);

} // namespace nft_drops::cli

#endif
