// SPDX-License-Identifier: GPL-2.0-only
// nft-drops-history: asks the history. Run by nft-drops, with the command line that was typed.
#include "nft-ext/cli/command_line.h"
#include "nft-ext/commands/why.h"
#include "nft-ext/text/report.h"

#include <csignal>

namespace nft_drops::cli {
namespace {

int run(int argc, char *argv[]) {
	std::signal(SIGPIPE, SIG_IGN);
	auto line = parse(argc, argv);
	if (!line) return report(line.error());
	if (line->command != Command::kWhy)
		return report(usage_error("nft-drops-history", "not a command of its own", "run nft-drops").error());
	auto done = why(*line);
	return done ? 0 : report(done.error());
}

} // namespace
} // namespace nft_drops::cli

int main(int argc, char *argv[]) {
	return nft_drops::cli::run(argc, argv);
}
