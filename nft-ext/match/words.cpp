// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/match/words.h"

#include "nft-ext/text/escape.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace nft_drops {
namespace {

// A rule that long takes nft's parser a few milliseconds.
constexpr size_t kMostBytes = 64 * 1024;

// As nft's scanner has them: STRING_DIGIT and the like.
bool belongs_to_word(char c) {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
	       c == '.' || c == '/';
}

size_t end_of_word(std::string_view words, size_t at) {
	while (at < words.size() && belongs_to_word(words[at]))
		at++;
	return at;
}

// @ll,0,16 and its like are raw payload, no set.
bool is_raw_payload(std::string_view behind_at) {
	constexpr std::array kBases = {"ll,", "nh,", "th,", "ih,"};
	return std::ranges::any_of(kBases, [&](const char *base) { return behind_at.starts_with(base); });
}

} // namespace

std::optional<Refusal> scan(std::string_view words) {
	if (words.find_first_not_of(" \t") == std::string_view::npos) return Refusal{"the MATCH is empty"};
	if (words.size() > kMostBytes) return Refusal{fmt::format("the MATCH is longer than {} bytes", kMostBytes)};
	bool quoted = false;
	for (size_t i = 0; i < words.size(); i++) {
		const char c = words[i];
		if (c == '"') quoted = !quoted;
		if (c == '\0' || (static_cast<unsigned char>(c) < ' ' && c != '\t'))
			return Refusal{"a MATCH is one line, without control characters", i, 1};
		if (quoted) continue;
		if (c == ';') return Refusal{"a MATCH is one rule's: `;` would begin another", i, 1};
		if (c == '#') return Refusal{"a MATCH has no comment", i, 1};
		if (c == '\\') return Refusal{"a MATCH is one line", i, 1};
		if (c == '$') return Refusal{"there are no variables in a MATCH", i, 1};
		if (c == '@' && !is_raw_payload(words.substr(i + 1)))
			return Refusal{"named sets: their elements belong to one table, and change", i,
			               end_of_word(words, i + 1) - i};
	}
	if (quoted) return Refusal{"a quote is not closed", words.rfind('"'), 1};
	return std::nullopt;
}

Refusal refuse_word(std::string_view words, std::string_view word, std::string why) {
	bool quoted = false;
	for (size_t i = 0; i < words.size();) {
		if (words[i] == '"') quoted = !quoted;
		const size_t end = end_of_word(words, i);
		if (!quoted && words.substr(i, end - i) == word && !word.empty())
			return {std::move(why), i, word.size()};
		i = std::max(end, i + 1);
	}
	return {std::move(why)};
}

std::string in_nfts_form(std::string_view words, const Refusal &refusal) {
	std::string text = fmt::format("Error: {}\n", refusal.why);
	if (!refusal.length) return text;
	// Control characters would move what stands below them.
	for (const char c : words)
		text += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
	text += fmt::format("\n{}{}\n", std::string(refusal.at, ' '), std::string(refusal.length, '^'));
	return text;
}

std::string without_prefix(std::string_view message, std::string_view prefix) {
	std::string text;
	bool shorten = false; // the line is the one below the words
	while (!message.empty()) {
		const size_t end = std::min(message.find('\n'), message.size());
		std::string_view line = message.substr(0, end);
		message.remove_prefix(std::min(end + 1, message.size()));
		if (line.starts_with(prefix)) {
			line.remove_prefix(prefix.size());
			shorten = true;
		} else if (shorten) {
			const size_t space = std::min(line.find_first_not_of(' '), line.size());
			// Marks that begin within the prefix.
			line.remove_prefix(
			        std::min(prefix.size(), std::max(space, std::min(prefix.size(), line.size()))));
			shorten = false;
		}
		text.append(line);
		text += '\n';
	}
	return text;
}

} // namespace nft_drops
