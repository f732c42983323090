// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/drop/mountinfo.h"

#include <algorithm>
#include <charconv>

namespace nft_drops::cli {
namespace {

constexpr char kSeparator = ' ';

// Takes the next field off the line.
std::string_view take_field(std::string_view &line) {
	const std::string_view field = line.substr(0, line.find(kSeparator));
	line.remove_prefix(std::min(line.size(), field.size() + 1));
	return field;
}

// The kernel writes white space, backslashes and '#' as a backslash and three octal digits (mangle() of
// fs/seq_file.c).
std::string unescaped(std::string_view text) {
	constexpr size_t kDigits = 3;
	constexpr unsigned kMostByte = 0377;
	std::string out;
	for (size_t i = 0; i < text.size(); i++) {
		const std::string_view digits = text.substr(i + 1, kDigits);
		unsigned code = 0;
		const bool escaped = text[i] == '\\' && digits.size() == kDigits &&
		                     std::from_chars(digits.data(), digits.data() + kDigits, code, 8).ptr ==
		                             digits.data() + kDigits &&
		                     code <= kMostByte;
		out += escaped ? static_cast<char>(code) : text[i];
		if (escaped) i += kDigits;
	}
	return out;
}

} // namespace

std::optional<uint32_t> inode_in(std::string_view text) {
	constexpr std::string_view kBefore = "net:[";
	if (!text.starts_with(kBefore)) return std::nullopt;
	text.remove_prefix(kBefore.size());
	uint32_t inode = 0;
	const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), inode);
	if (error != std::errc{} || std::string_view(end, text.data() + text.size()) != "]") return std::nullopt;
	return inode;
}

std::optional<MountedNamespace> namespace_in_mount(std::string_view line) {
	constexpr int kFieldsBeforeRoot = 3;
	for (int i = 0; i < kFieldsBeforeRoot; i++)
		take_field(line);
	const auto inode = inode_in(take_field(line));
	const std::string_view path = take_field(line);
	if (!inode || path.empty()) return std::nullopt;
	return MountedNamespace{*inode, unescaped(path)};
}

} // namespace nft_drops::cli
