// SPDX-License-Identifier: GPL-2.0-only
// nft-drops-complete INDEX WORD...: prints the candidates for word INDEX of the command line WORD..., one a line,
// "word<TAB>meaning". Word 0 is the program. The completions of bash, zsh and fish run it. It prints nothing on stderr.
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
	for (size_t i = 1; i <= index; i++) // a shell may leave out an empty last word
		words.emplace_back(i + 2 < static_cast<size_t>(argc) ? argv[i + 2] : "");
	std::string text;
	for (const Candidate &c : candidates(words, live_names))
		text += c.meaning.empty() ? c.word + '\n' : c.word + '\t' + c.meaning + '\n';
	fputs(text.c_str(), stdout);
	return 0;
}
