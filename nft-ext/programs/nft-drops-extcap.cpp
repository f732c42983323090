// SPDX-License-Identifier: GPL-2.0-only
// nft-drops-extcap: makes "nftables drops" an interface in Wireshark's list (extcap(4)). Wireshark runs it, from one of
// its extcap folders; it becomes the nft-drops that captures, by pkexec where Wireshark runs without privilege.
#include "nft-ext/extcap/extcap.h"
#include "nft-ext/text/report.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace {

using nft_drops::cli::report;

constexpr const char *kNftDrops = ND_BINDIR "/nft-drops";
constexpr const char *kPkexec = "/usr/bin/pkexec";
constexpr const char *kHelp = "file://" ND_DOCDIR "/capture.md";

// Returns only where nothing could be started.
int become(const std::vector<std::string> &words) {
	std::vector<char *> argv;
	for (const std::string &word : words)
		argv.push_back(const_cast<char *>(word.c_str())); // execv() changes nothing
	argv.push_back(nullptr);
	execv(argv[0], argv.data());
	return report({.what = words[0], .why = strerror(errno), .next = "install nft-drops whole"});
}

int capture(const nft_drops::extcap::Request &request) {
	std::vector<std::string> words;
	if (geteuid() != 0) {
		if (access(kPkexec, X_OK) != 0)
			return report({.what = "nftables drops",
			               .why = "only root sees them, and there is no pkexec to ask for that",
			               .next = "install pkexec, or capture with: "
			                       "sudo nft-drops monitor -w - | wireshark -k -i -"});
		words.emplace_back(kPkexec);
	}
	words.emplace_back(kNftDrops);
	for (auto &word : command_line(request))
		words.push_back(std::move(word));
	// Opened here, as the user: only standard output is handed on.
	const int fifo = open(request.fifo.c_str(), O_WRONLY | O_CLOEXEC);
	if (fifo < 0) return report({.what = "--fifo " + request.fifo, .why = strerror(errno), .next = ""});
	if (dup2(fifo, STDOUT_FILENO) < 0) return report({.what = "--fifo", .why = strerror(errno), .next = ""});
	return become(words);
}

} // namespace

int main(int argc, char *argv[]) {
	using namespace nft_drops::extcap;
	const std::vector<std::string_view> arguments(argv + std::min(argc, 1), argv + argc);
	const auto request = parse(arguments);
	if (!request) return report(request.error());
	switch (request->question) {
	case Question::kCapture:
		return capture(*request);
	case Question::kFilter: // nft-drops says at the start what is wrong with it
		return 0;
	default:
		fputs(answer(request->question, ND_VERSION, kHelp).c_str(), stdout);
		return 0;
	}
}
