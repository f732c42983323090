// SPDX-License-Identifier: GPL-2.0-only
#include "jit/base/debug.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <string>
#include <unistd.h>

namespace nft_drops {
namespace {

std::atomic<DebugTopics> enabled = 0;

constexpr DebugTopics bit_of(size_t topic) {
	return static_cast<DebugTopics>(1U << topic);
}

bool is_printable(char c) {
	return c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != '\x7f');
}

} // namespace

Result<DebugTopics> parse_debug_topics(std::string_view list) {
	DebugTopics topics = 0;
	for (;;) {
		const size_t comma = list.find(',');
		const std::string_view word = list.substr(0, comma);
		const auto *const known = std::ranges::find(kDebugTopics, word);
		if (known == kDebugTopics.end())
			return usage_error(fmt::format("--debug {}", word), "no such topic",
			                   fmt::format("the topics are {}", fmt::join(kDebugTopics, ", ")));
		topics |= bit_of(static_cast<size_t>(std::distance(kDebugTopics.begin(), known)));
		if (comma == std::string_view::npos) return topics;
		list.remove_prefix(comma + 1);
	}
}

void set_debug_topics(DebugTopics topics) {
	enabled = topics;
}

bool debugs(DebugTopic topic) {
	return (enabled & bit_of(static_cast<size_t>(topic))) != 0;
}

void debug(DebugTopic topic, std::string_view text) {
	if (!debugs(topic)) return;
	std::string lines;
	while (!text.empty()) {
		const size_t end = text.find('\n');
		lines += fmt::format("debug {}: ", kDebugTopics[static_cast<size_t>(topic)]);
		for (const char c : text.substr(0, end))
			lines += is_printable(c) ? c : '?';
		lines += '\n';
		text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
	}
	// A debug line that nobody can read is no reason to stop.
	for (std::string_view rest = lines; !rest.empty();) {
		const ssize_t n = write(STDERR_FILENO, rest.data(), rest.size());
		if (n <= 0) return;
		rest.remove_prefix(static_cast<size_t>(n));
	}
}

} // namespace nft_drops
