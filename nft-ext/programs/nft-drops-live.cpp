// SPDX-License-Identifier: GPL-2.0-only
// nft-drops-live: the commands that need the kernel's help. Run by nft-drops, with the command line that was typed.
#include "jit/base/debug.h"
#include "jit/base/libbpf/log.h"
#include "nft-ext/cli/command_line.h"
#include "nft-ext/cli/privilege.h"
#include "nft-ext/commands/check.h"
#include "nft-ext/commands/count.h"
#include "nft-ext/commands/demo.h"
#include "nft-ext/commands/list.h"
#include "nft-ext/commands/monitor.h"
#include "nft-ext/commands/probe.h"
#include "nft-ext/commands/record.h"
#include "nft-ext/commands/run.h"
#include "nft-ext/commands/top.h"
#include "nft-ext/run/command_process.h"
#include "nft-ext/text/report.h"
#include "version.h"

#include <cstdio>
#include <string>

namespace nft_drops::cli {
namespace {

// An error's exit status, told.
int fail(const Error &error, bool of_run) {
	const int status = report(error);
	return of_run ? kOwnFailure : status;
}

int run(int argc, char *argv[]) {
	auto line = parse(argc, argv);
	if (!line) return fail(line.error(), is_run(argc, argv));
	set_debug_topics(line->debug);
	keep_libbpf_log(); // an error is told once, by us, in one line
	if (line->command == Command::kVersion) {
		fputs(version().c_str(), stdout);
		return 0;
	}
	if (line->command == Command::kCheck) {
		auto works = check(line->check, line->check.report ? version() : "");
		return works ? 0 : report(works.error());
	}
	const bool files_only = line->command == Command::kProbe && !line->probe.vmlinux.empty();
	if (auto allowed = files_only ? Result<void>() : check_privilege(); !allowed)
		return fail(allowed.error(), line->command == Command::kRun);
	if (line->command == Command::kRun) return run_command(line->monitor, line->run);
	Result<void> done;
	switch (line->command) {
	case Command::kMonitor:
		done = monitor(line->monitor);
		break;
	case Command::kList:
		done = list(line->list, line->words);
		break;
	case Command::kCount:
		done = count(line->words[1], line->count);
		break;
	case Command::kProbe:
		done = probe(line->probe);
		break;
	case Command::kBpftrace:
		done = bpftrace();
		break;
	case Command::kRecord:
		done = record(line->record, line->monitor.match);
		break;
	case Command::kTop:
		done = top(line->monitor, line->top);
		break;
	case Command::kDemo:
		done = demo();
		break;
	default:
		return report(usage_error("nft-drops-live", "not a command of its own", "run nft-drops").error());
	}
	return done ? 0 : report(done.error());
}

} // namespace
} // namespace nft_drops::cli

int main(int argc, char *argv[]) {
	return nft_drops::cli::run(argc, argv);
}
