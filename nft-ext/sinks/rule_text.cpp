// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/sinks/rule_text.h"

#include "nft-ext/text/escape.h"

#include <algorithm>

namespace nft_drops {

namespace {

constexpr size_t kIndent = 2;

// Follows the text so far: nft's strings have no escapes, a quote always ends one.
struct Nesting {
	bool quoted = false;
	size_t depth = 0;

	void over(std::string_view text) {
		for (const char character : text) {
			if (character == '"') quoted = !quoted;
			if (quoted) continue;
			if (character == '{') ++depth;
			if (character == '}' && depth > 0) --depth;
		}
	}
};

} // namespace

void append_rule_text(std::string &out, std::string_view text) {
	out.append(kIndent, '\t');
	Nesting nesting;
	for (;;) {
		const size_t end = text.find('\n');
		const std::string_view line = text.substr(0, end);
		append_escaped(out, line, Escape::kText);
		if (end == std::string_view::npos) return;
		nesting.over(line);
		text.remove_prefix(end + 1);
		if (nesting.quoted || nesting.depth == 0) {
			out += "\\n";
			continue;
		}
		text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
		const bool closes = text.starts_with('}');
		out += '\n';
		out.append(kIndent + nesting.depth - (closes ? 1 : 0), '\t');
	}
}

} // namespace nft_drops
