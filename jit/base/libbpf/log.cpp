// SPDX-License-Identifier: GPL-2.0-only
#include "jit/base/libbpf/log.h"

#include "jit/base/debug.h"

#include <bpf/libbpf.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <mutex>
#include <ranges>
#include <vector>

namespace nft_drops {
namespace {

constexpr std::string_view kBegin = "-- BEGIN PROG LOAD LOG --\n";
constexpr std::string_view kEnd = "-- END PROG LOAD LOG --";
constexpr size_t kMostQuoted = 400;

struct Kept {
	std::mutex mutex; // libbpf is used by several threads
	LogTail tail;
};

Kept &kept() {
	static Kept one;
	return one;
}

int keep(enum libbpf_print_level level, const char *format, va_list arguments) {
	// libbpf says much at this level, and each program's whole log.
	if (level == LIBBPF_DEBUG && !debugs(DebugTopic::kVerifier)) return 0;
	va_list again;
	va_copy(again, arguments);
	const int length = vsnprintf(nullptr, 0, format, again);
	va_end(again);
	if (length <= 0) return 0;
	std::string text(static_cast<size_t>(length) + 1, '\0');
	vsnprintf(text.data(), text.size(), format, arguments);
	text.pop_back();
	debug(DebugTopic::kVerifier, text);
	const std::lock_guard lock(kept().mutex);
	kept().tail.add(text);
	return 0;
}

} // namespace

void LogTail::add(std::string_view text) {
	if (text.size() > kMostBytes) text.remove_prefix(text.size() - kMostBytes);
	const size_t too_much = text_.size() + text.size() > kMostBytes ? text_.size() + text.size() - kMostBytes : 0;
	text_.erase(0, too_much);
	text_ += text;
}

std::string last_verifier_lines(std::string_view libbpf_words, size_t lines) {
	const size_t end = libbpf_words.rfind(kEnd);
	if (end == std::string_view::npos) return {};
	std::string_view log = libbpf_words.substr(0, end);
	// The log's beginning may be gone already: its end is what counts.
	if (const size_t begin = log.rfind(kBegin); begin != std::string_view::npos)
		log.remove_prefix(begin + kBegin.size());
	std::vector<std::string_view> said;
	for (const auto part : std::views::split(log, '\n')) {
		const std::string_view line(part.begin(), part.end());
		if (!line.empty() && !line.starts_with("processed ")) said.push_back(line);
	}
	std::string text;
	for (size_t i = said.size() - std::min(lines, said.size()); i < said.size(); i++)
		text += (text.empty() ? "" : " | ") + std::string(said[i]);
	// The last line names the cause.
	if (text.size() > kMostQuoted) text = "..." + text.substr(text.size() - kMostQuoted);
	for (char &c : text)
		if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
	return text;
}

void keep_libbpf_log() {
	libbpf_set_print(keep);
}

void clear_libbpf_log() {
	const std::lock_guard lock(kept().mutex);
	kept().tail.clear();
}

unsigned verifier_log_level() {
	return debugs(DebugTopic::kVerifier) ? 1 : 0;
}

std::string last_verifier_lines() {
	const std::lock_guard lock(kept().mutex);
	return last_verifier_lines(kept().tail.text());
}

} // namespace nft_drops
