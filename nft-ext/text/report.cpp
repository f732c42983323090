// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/text/report.h"

#include "nft-ext/text/escape.h"

#include <fmt/format.h>

#include <unistd.h>

namespace nft_drops::cli {

void say(std::string_view text) {
	std::string line = "nft-drops: ";
	append_escaped(line, text, Escape::kText);
	line += '\n';
	// One write, so that no other process's line can come in between.
	if (write(STDERR_FILENO, line.data(), line.size()) < 0) return; // nobody is left to tell
}

int report(const Error &error) {
	say(error.message());
	return error.exit_status();
}

std::string where_it_looks(size_t sites, std::string_view release, bool tells_misses) {
	return fmt::format("{} site{} in nft_do_chain of Linux {}{}", sites, sites == 1 ? "" : "s", release,
	                   tells_misses ? "" : " (which cannot tell how often a probe was missed)");
}

} // namespace nft_drops::cli
