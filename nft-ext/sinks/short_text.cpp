// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/sinks/short_text.h"

namespace nft_drops {
namespace {

constexpr size_t kElementsKept = 3;

// The place behind the string that begins at `at`: nft's strings have no escapes.
size_t behind_string(std::string_view rule, size_t at) {
	const size_t end = rule.find('"', at + 1);
	return end == std::string_view::npos ? rule.size() : end + 1;
}

// Of the braces that open at `begin`.
struct Braces {
	size_t end = 0;      // of the closing one; npos where there is none
	size_t elements = 1; // commas between them, and one
	size_t kept = 0;     // where the comma behind the last kept element is
	bool rules = false;  // lines: rules, no elements
};

Braces look_at(std::string_view rule, size_t begin) {
	Braces braces{.end = std::string_view::npos};
	size_t depth = 0;
	for (size_t at = begin; at < rule.size();) {
		const char c = rule[at];
		if (c == '"') {
			at = behind_string(rule, at);
			continue;
		}
		braces.rules |= c == '\n' && (rule.substr(begin + 1).starts_with('\n'));
		if (c == '{') depth++;
		if (c == '}' && --depth == 0) {
			braces.end = at;
			return braces;
		}
		if (c == ',' && depth == 1) {
			if (braces.elements == kElementsKept) braces.kept = at;
			braces.elements++;
		}
		at++;
	}
	return braces;
}

} // namespace

ShortText shortened(std::string_view rule) {
	if (rule.size() <= kWhole) return {std::string(rule), 0};
	ShortText result;
	for (size_t at = 0; at < rule.size();) {
		size_t next = at + 1;
		if (rule[at] == '"') next = behind_string(rule, at);
		if (rule[at] == '{') {
			const Braces braces = look_at(rule, at);
			if (braces.end != std::string_view::npos && !braces.rules && braces.elements > kElementsKept) {
				result.text += rule.substr(at, braces.kept - at);
				result.text += " }";
				result.left_out += braces.elements - kElementsKept;
				at = braces.end + 1;
				continue;
			}
			// Rules: as they are, with all that is inside.
			if (braces.end != std::string_view::npos && braces.rules) next = braces.end + 1;
		}
		result.text += rule.substr(at, next - at);
		at = next;
	}
	return result;
}

} // namespace nft_drops
