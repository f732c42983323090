// SPDX-License-Identifier: GPL-2.0-only
// nft-drops-metrics: the drop counts for Prometheus. Run by nft-drops, with the command line that was typed. A program
// of its own because of prometheus-cpp, which no other command loads.
#include "jit/base/debug.h"
#include "jit/base/libbpf/log.h"
#include "nft-ext/cli/command_line.h"
#include "nft-ext/cli/privilege.h"
#include "nft-ext/commands/metrics.h"
#include "nft-ext/text/report.h"

namespace nft_drops::cli {
namespace {

int run(int argc, char *argv[]) {
	auto line = parse(argc, argv);
	if (!line) return report(line.error());
	if (line->command != Command::kMetrics)
		return report(usage_error("nft-drops-metrics", "not a command of its own", "run nft-drops").error());
	set_debug_topics(line->debug);
	keep_libbpf_log(); // an error is told once, by us, in one line
	if (auto allowed = check_privilege(); !allowed) return report(allowed.error());
	auto done = metrics(line->metrics);
	return done ? 0 : report(done.error());
}

} // namespace
} // namespace nft_drops::cli

int main(int argc, char *argv[]) {
	return nft_drops::cli::run(argc, argv);
}
