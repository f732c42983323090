// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/text/escape.h"

#include "nft-ext/text/utf8.h"

#include <array>
#include <cstdint>
#include <cstring>

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

// How many bytes at the start are printable ASCII, which passes as text; at most 7 too few. Eight bytes at a time: a
// byte below 0x20 has its highest bit set once 0x20 is taken away, and 0x7f has it once 1 is added. A borrow or carry
// comes only from a byte that does not pass itself.
size_t printable_run(std::string_view text) {
	constexpr uint64_t kEach = 0x0101010101010101;
	size_t length = 0;
	for (; length + sizeof(uint64_t) <= text.size(); length += sizeof(uint64_t)) {
		uint64_t word = 0;
		memcpy(&word, text.data() + length, sizeof word);
		if (((word - 0x20 * kEach) | word | (word + kEach)) & 0x80 * kEach) break;
	}
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
	if (escape == Escape::kText) text.remove_prefix(printable_run(text));
	for (;;) {
		text.remove_prefix(passing_run(text, escape));
		if (text.empty()) return true;
		const CodePoint code_point = decode_utf8(text);
		if (code_point.bytes <= 1 || changes_terminal(code_point.value)) return false;
		text.remove_prefix(code_point.bytes);
	}
}

} // namespace nft_drops
