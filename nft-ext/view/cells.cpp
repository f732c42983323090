// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/view/cells.h"

#include "nft-ext/text/escape.h"
#include "nft-ext/text/utf8.h"

#include <fmt/format.h>

#include <cwchar>

namespace nft_drops {
namespace {

struct Cell {
	std::string text;
	size_t columns = 0;
	size_t bytes = 0; // of the text that it was made of
};

// The first character of the text, which is not empty.
Cell first_cell(std::string_view text) {
	const CodePoint point = decode_utf8(text);
	const size_t bytes = point.bytes == 0 ? 1 : point.bytes;
	const std::string_view character = text.substr(0, bytes);
	std::string safe;
	append_escaped(safe, character, Escape::kText);
	if (character == "\t") safe = "\\t";
	if (safe != character || point.value < 0x80) return {safe, safe.size(), bytes};
	const int width = wcwidth(static_cast<wchar_t>(point.value));
	if (width > 0) return {std::move(safe), static_cast<size_t>(width), bytes};
	safe = fmt::format("\\u{:04x}", point.value);
	return {safe, safe.size(), bytes};
}

} // namespace

size_t columns_of(std::string_view text) {
	size_t columns = 0;
	while (!text.empty()) {
		const Cell cell = first_cell(text);
		columns += cell.columns;
		text.remove_prefix(cell.bytes);
	}
	return columns;
}

std::string fit(std::string_view text, size_t columns) {
	std::string fitted, before; // `before`: where the mark of a cut would stand
	size_t used = 0, used_before = 0;
	while (!text.empty()) {
		const Cell cell = first_cell(text);
		if (used + cell.columns > columns) {
			if (columns == 0) return "";
			fitted = before + '>';
			used = used_before + 1;
			break;
		}
		fitted += cell.text;
		used += cell.columns;
		if (used < columns) {
			before = fitted;
			used_before = used;
		}
		text.remove_prefix(cell.bytes);
	}
	fitted.append(columns - used, ' ');
	return fitted;
}

std::string fit_right(std::string_view text, size_t columns) {
	const size_t used = columns_of(text);
	if (used >= columns) return fit(text, columns);
	return std::string(columns - used, ' ') + fit(text, used);
}

std::vector<std::string> wrap(std::string_view text, size_t columns, size_t lines) {
	std::vector<std::string> wrapped;
	while (!text.empty() && wrapped.size() < lines) {
		if (wrapped.size() + 1 == lines) {
			wrapped.push_back(columns_of(text) > columns ? fit(text, columns)
			                                             : fit(text, columns_of(text)));
			break;
		}
		std::string line;
		size_t used = 0, bytes = 0;        // of the line
		size_t at_space = 0, to_space = 0; // up to the last space: of the line, of the text
		while (bytes < text.size()) {
			const Cell cell = first_cell(text.substr(bytes));
			if (used + cell.columns > columns) break;
			if (cell.text == " " && !line.empty()) {
				at_space = line.size();
				to_space = bytes + 1;
			}
			line += cell.text;
			used += cell.columns;
			bytes += cell.bytes;
		}
		if (bytes < text.size() && at_space > 0) {
			line.resize(at_space);
			bytes = to_space;
		}
		if (bytes == 0) break; // not even one character fits
		wrapped.push_back(std::move(line));
		text.remove_prefix(bytes);
	}
	return wrapped;
}

} // namespace nft_drops
