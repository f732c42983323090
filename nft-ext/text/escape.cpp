// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/text/escape.h"

#include "nft-ext/text/utf8.h"

#include <array>
#include <cstdint>

namespace nft_drops {

namespace {

// Bit `1 << mode`: this byte passes in that mode without another look.
constexpr std::array<uint8_t, 256> passing() {
	constexpr uint8_t kText = 1U << static_cast<int>(Escape::kText);
	constexpr uint8_t kWord = 1U << static_cast<int>(Escape::kWord);
	constexpr uint8_t kQuoted = 1U << static_cast<int>(Escape::kQuoted);
	std::array<uint8_t, 256> table = {};
	for (int byte = 0x20; byte < 0x7f; ++byte)
		table[byte] = kText | kWord | kQuoted;
	table['\t'] = kText;
	table[' '] = kText | kQuoted;
	table['"'] = table['\\'] = kText | kWord;
	return table;
}

constexpr std::array<uint8_t, 256> kPassing = passing();

bool passes(char byte, Escape escape) {
	return (kPassing[static_cast<uint8_t>(byte)] >> static_cast<int>(escape) & 1) != 0;
}

size_t passing_run(std::string_view text, Escape escape) {
	size_t length = 0;
	while (length < text.size() && passes(text[length], escape))
		++length;
	return length;
}

bool changes_terminal(uint32_t code_point) {
	return code_point < 0xa0 || code_point == 0x061c || code_point == 0x200e || code_point == 0x200f ||
	       (code_point >= 0x2028 && code_point <= 0x202e) || (code_point >= 0x2066 && code_point <= 0x2069);
}

void append_hex(std::string &out, std::string_view prefix, uint32_t value, int digits) {
	out += prefix;
	while (digits-- > 0)
		out += "0123456789abcdef"[value >> (4 * digits) & 0xf];
}

void append_byte(std::string &out, uint8_t byte) {
	switch (byte) {
	case '\n':
		out += "\\n";
		break;
	case '\t':
		out += "\\t";
		break;
	case '\r':
		out += "\\r";
		break;
	case '"':
		out += "\\\"";
		break;
	case '\\':
		out += "\\\\";
		break;
	default:
		append_hex(out, "\\x", byte, 2);
	}
}

} // namespace

void append_escaped(std::string &out, std::string_view text, Escape escape) {
	for (;;) {
		const size_t run = passing_run(text, escape);
		out.append(text.substr(0, run));
		text.remove_prefix(run);
		if (text.empty()) return;
		const CodePoint code_point = decode_utf8(text);
		if (code_point.bytes <= 1) {
			append_byte(out, static_cast<uint8_t>(text[0]));
			text.remove_prefix(1);
			continue;
		}
		if (changes_terminal(code_point.value)) {
			append_hex(out, "\\u", code_point.value, 4);
		} else {
			out.append(text.substr(0, code_point.bytes));
		}
		text.remove_prefix(code_point.bytes);
	}
}

bool is_harmless(std::string_view text, Escape escape) {
	for (;;) {
		text.remove_prefix(passing_run(text, escape));
		if (text.empty()) return true;
		const CodePoint code_point = decode_utf8(text);
		if (code_point.bytes <= 1 || changes_terminal(code_point.value)) return false;
		text.remove_prefix(code_point.bytes);
	}
}

} // namespace nft_drops
