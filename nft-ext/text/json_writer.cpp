// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/text/json_writer.h"

#include "nft-ext/text/utf8.h"

#include <fmt/format.h>

#include <array>

namespace nft_drops {

namespace {

// Bytes that stand for themselves in a JSON string.
constexpr std::array<bool, 256> plain() {
	std::array<bool, 256> table = {};
	for (int byte = 0x20; byte < 0x7f; ++byte)
		table[byte] = byte != '"' && byte != '\\';
	return table;
}

constexpr std::array<bool, 256> kPlain = plain();

size_t plain_run(std::string_view text) {
	size_t run = 0;
	while (run < text.size() && kPlain[static_cast<uint8_t>(text[run])])
		++run;
	return run;
}

void append_hex(std::string &out, std::string_view prefix, uint32_t value, int digits) {
	out += prefix;
	while (digits-- > 0)
		out += "0123456789abcdef"[value >> (4 * digits) & 0xf];
}

void append_code_point(std::string &out, uint32_t value) {
	switch (value) {
	case '"':
		out += "\\\"";
		return;
	case '\\':
		out += "\\\\";
		return;
	case '\n':
		out += "\\n";
		return;
	case '\t':
		out += "\\t";
		return;
	default:
		break;
	}
	if (value >= 0x10000) { // a surrogate pair
		append_hex(out, "\\u", 0xd800 + ((value - 0x10000) >> 10), 4);
		value = 0xdc00 + ((value - 0x10000) & 0x3ff);
	}
	append_hex(out, "\\u", value, 4);
}

} // namespace

void JsonWriter::separate() {
	if (!separated_) out_ += ',';
	separated_ = false;
}

void JsonWriter::open(char bracket) {
	separate();
	out_ += bracket;
	separated_ = true;
}

void JsonWriter::close(char bracket) {
	out_ += bracket;
	separated_ = false;
}

void JsonWriter::key(std::string_view name) {
	out_ += separated_ ? "\"" : ",\"";
	out_ += name;
	out_ += "\":";
	separated_ = true;
}

void JsonWriter::string(std::string_view text) {
	separate();
	out_ += '"';
	for (;;) {
		const size_t run = plain_run(text);
		out_ += text.substr(0, run);
		text.remove_prefix(run);
		if (text.empty()) break;
		const CodePoint code_point = decode_utf8(text);
		if (code_point.bytes == 0) {
			append_hex(out_, "\\\\x", static_cast<uint8_t>(text[0]), 2);
			text.remove_prefix(1);
		} else {
			append_code_point(out_, code_point.value);
			text.remove_prefix(code_point.bytes);
		}
	}
	out_ += '"';
}

void JsonWriter::number(uint64_t value) {
	separate();
	const fmt::format_int digits(value);
	out_.append(digits.data(), digits.size());
}

void JsonWriter::integer(int64_t value) {
	separate();
	const fmt::format_int digits(value);
	out_.append(digits.data(), digits.size());
}

void JsonWriter::boolean(bool value) {
	separate();
	out_ += value ? "true" : "false";
}

void JsonWriter::null() {
	separate();
	out_ += "null";
}

} // namespace nft_drops
