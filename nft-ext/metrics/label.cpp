// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/metrics/label.h"

#include "nft-ext/text/escape.h"
#include "nft-ext/text/utf8.h"

#include <algorithm>

namespace nft_drops {
namespace {

// kText lets a tab pass, which is a control character all the same.
bool fits_unchanged(std::string_view text, Escape escape) {
	return text.size() <= kLongestLabel && text.find('\t') == std::string_view::npos && is_harmless(text, escape);
}

std::string label(std::string_view text, Escape escape) {
	if (fits_unchanged(text, escape)) return std::string(text);
	std::string out;
	std::string character;
	while (!text.empty()) {
		const size_t bytes = std::max<size_t>(decode_utf8(text).bytes, 1);
		character.clear();
		if (text.front() == '\t')
			character = "\\t";
		else
			append_escaped(character, text.substr(0, bytes), escape);
		if (out.size() + character.size() > kLongestLabel) break;
		out += character;
		text.remove_prefix(bytes);
	}
	return out;
}

} // namespace

std::string text_label(std::string_view text) {
	return label(text, Escape::kText);
}

std::string name_label(std::string_view name) {
	return label(name, Escape::kQuoted);
}

} // namespace nft_drops
