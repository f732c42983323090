// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/cli/complete/rule_texts.h"

#include "nft-ext/text/escape.h"

#include <nftables/libnftables.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <string_view>
#include <unistd.h>

namespace nft_drops::complete {
namespace {

using Clock = std::chrono::steady_clock;

// Runs in a process of its own: libnftables may call exit(), and only a signal can stop a listing.
[[noreturn]] void list(const std::string &what, int to) {
	// The shell waits until every process has closed these descriptors.
	const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (nowhere < 0) _exit(1);
	dup2(nowhere, STDOUT_FILENO);
	dup2(nowhere, STDERR_FILENO);
	nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
	if (!nft) _exit(1);
	nft_ctx_buffer_error(nft);
	nft_ctx_buffer_output(nft);
	nft_ctx_output_set_flags(nft, NFT_CTX_OUTPUT_HANDLE | NFT_CTX_OUTPUT_STATELESS | NFT_CTX_OUTPUT_TERSE);
	if (nft_run_cmd_from_buffer(nft, what.c_str()) != 0) _exit(1);
	std::string_view text = nft_ctx_get_output_buffer(nft);
	while (!text.empty()) {
		const ssize_t n = write(to, text.data(), text.size());
		if (n <= 0) _exit(1);
		text.remove_prefix(static_cast<size_t>(n));
	}
	_exit(0);
}

std::string listing(const std::string &what, Clock::time_point end) {
	std::string text;
	std::array<int, 2> ends{};
	if (pipe(ends.data()) != 0) return text;
	const pid_t child = fork();
	if (child == 0) list(what, ends[1]);
	close(ends[1]);
	bool whole = false;
	for (std::array<char, 65536> part{}; child > 0;) {
		const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
		pollfd fd{ends[0], POLLIN, 0};
		if (left <= 0 || poll(&fd, 1, static_cast<int>(left)) <= 0) break;
		const ssize_t n = read(ends[0], part.data(), part.size());
		whole = n == 0;
		if (n <= 0) break;
		text.append(part.data(), static_cast<size_t>(n));
	}
	close(ends[0]);
	// The child may free much memory at its end. Nobody waits for the child.
	if (child > 0 && !whole) kill(child, SIGKILL);
	return whole ? text : "";
}

} // namespace

std::map<std::string, std::string> rule_texts(const std::string &family, const std::string &table,
                                              const std::string &chain, Clock::time_point end) {
	return texts_in_listing(listing("list chain " + family + " " + table + " " + chain, end));
}

std::map<std::string, std::string> texts_in_listing(std::string_view listing) {
	constexpr std::string_view kRule = "\t\t";
	constexpr std::string_view kHandle = " # handle ";
	std::map<std::string, std::string> texts;
	while (!listing.empty()) {
		const std::string_view line = listing.substr(0, listing.find('\n'));
		listing.remove_prefix(std::min(listing.size(), line.size() + 1));
		const size_t at = line.rfind(kHandle);
		if (!line.starts_with(kRule) || at == std::string_view::npos || at < kRule.size()) continue;
		const std::string_view handle = line.substr(at + kHandle.size());
		if (handle.empty() || !std::ranges::all_of(handle, [](char c) { return c >= '0' && c <= '9'; }))
			continue;
		std::string text;
		append_escaped(text, line.substr(kRule.size(), at - kRule.size()), Escape::kText);
		texts.emplace(handle, std::move(text));
	}
	return texts;
}

} // namespace nft_drops::complete
