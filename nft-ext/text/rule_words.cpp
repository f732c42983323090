// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/text/rule_words.h"

#include <algorithm>

namespace nft_drops {
namespace {

// What may stand in a word of nft (scanner.l, `string`), so that "drop-me" and "@drop" are not "drop".
bool in_word(char c) {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       std::string_view("_-./@$").find(c) != std::string_view::npos;
}

} // namespace

std::string_view comment_in(std::string_view rule) {
	constexpr std::string_view kBegin = "comment \"";
	if (!rule.ends_with('"')) return {};
	const size_t at = rule.rfind(kBegin);
	if (at == std::string_view::npos || (at > 0 && rule[at - 1] != ' ')) return {};
	const size_t begin = at + kBegin.size();
	// `log prefix "my comment "` holds no comment: what was found is inside of another string.
	return begin < rule.size() ? rule.substr(begin, rule.size() - 1 - begin) : std::string_view();
}

bool says_drop(std::string_view rule) {
	bool quoted = false;
	for (size_t at = 0; at < rule.size();) {
		if (rule[at] == '"') quoted = !quoted;
		if (quoted || !in_word(rule[at])) {
			at++;
			continue;
		}
		const size_t begin = at;
		while (at < rule.size() && in_word(rule[at]))
			at++;
		const std::string_view word = rule.substr(begin, at - begin);
		if (word == "drop" || word == "reject") return true;
	}
	return false;
}

} // namespace nft_drops
