// SPDX-License-Identifier: GPL-2.0-only
// The notation that commands are described in, as in a manual page's synopsis:
//
//   word         this very word
//   NAME         any word, or one of a kind that grammar.h's placeholders() describe (all capitals)
//   a|b          one of both; each may be a word, a NAME or a group
//   ( ... )      a group
//   [ ... ]      a group that may be missing
//   x...         x once or more often
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
	// `text` must outlive this. It is one of grammar.cpp's: a mistake in it shows in the unit tests.
	explicit Synopsis(std::string_view text);

	// What may come next after some words, and how one gets there: the words that stood for each NAME.
	struct Expected {
		std::string_view token;
		std::vector<std::pair<std::string_view, std::string_view>> names;
		// The word that stands for a NAME; empty where none does.
		[[nodiscard]] std::string_view of(std::string_view name) const;
	};
	struct Match {
		size_t fitting = 0;         // so many words fit, from the first
		bool whole = false;         // all of them do, and nothing is missing
		std::vector<Expected> next; // where all fit: what may follow
	};
	[[nodiscard]] Match match(std::span<const std::string_view> words) const;

private:
	// A program for a machine that follows all ways at once.
	struct Step {
		enum Kind { kWord, kSplit, kEnd } kind = kEnd;
		std::string_view token;
		int to[2] = {1, 1}; // relative
	};
	using Steps = std::vector<Step>;
	struct Thread;
	class Compiler;
	void follow(size_t at, const Thread &from, std::vector<Thread> &threads) const;
	Steps steps_;
};

// NAME, not a word.
bool is_placeholder(std::string_view token);

// Whether a word can stand for a NAME: FAMILY is one of nft's families, N and HANDLE are numbers; others are anything.
bool fits(std::string_view placeholder, std::string_view word);

} // namespace nft_drops::cli

#endif
