// SPDX-License-Identifier: GPL-2.0-only
// nft-drops-complete INDEX WORD...: what may stand at the word INDEX of the command line WORD..., whose first is the
// program; a line each, "word<TAB>meaning". Run by the completion of bash, zsh and fish; says nothing on stderr.
#include "nft-ext/cli/complete/candidates.h"
#include "nft-ext/cli/complete/live_names.h"

#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

int main(int argc, char *argv[]) {
	using namespace nft_drops::complete;
	size_t index = 0;
	const std::string_view number = argc > 1 ? argv[1] : "";
	std::from_chars(number.data(), number.data() + number.size(), index);
	std::vector<std::string_view> words;
	for (size_t i = 1; i <= index; i++) // a shell may leave out an empty word at the end
		words.emplace_back(i + 2 < static_cast<size_t>(argc) ? argv[i + 2] : "");
	std::string text;
	for (const Candidate &c : candidates(words, live_names))
		text += c.meaning.empty() ? c.word + '\n' : c.word + '\t' + c.meaning + '\n';
	fputs(text.c_str(), stdout);
	return 0;
}
