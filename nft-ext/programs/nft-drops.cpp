// SPDX-License-Identifier: GPL-2.0-only
// nft-drops: the program that users type. It runs plain nft commands through libnftables. It executes nft-drops-live
// for every command that needs the kernel's help, so that a plain nft command never loads LLVM and libbpf.
#include "nft-ext/cli/command_line.h"
#include "nft-ext/cli/help.h"
#include "nft-ext/cli/pass_through.h"
#include "nft-ext/text/report.h"

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <string>
#include <unistd.h>

namespace nft_drops::cli {
namespace {

constexpr int kRunFailed = 125; // of `run`, where nft-drops itself fails

// Executes another program of nft-drops: the one beside this program (in a build tree), else the installed one. Neither
// PATH nor the environment is asked, because root runs the program. Returns only on failure.
int become(const char *name, char *argv[]) {
	char self[PATH_MAX];
	const ssize_t n = readlink("/proc/self/exe", self, sizeof(self));
	std::string path;
	if (n > 0) {
		path.assign(self, static_cast<size_t>(n));
		path.erase(path.rfind('/') + 1);
		path += name;
	}
	if (access(path.c_str(), X_OK) != 0) path = std::string(ND_LIBEXEC "/") + name;
	execv(path.c_str(), argv);
	return report(usage_error(path, strerror(errno), "install nft-drops again").error());
}

int show_help() {
	fputs(help(std::nullopt).c_str(), stdout);
	return 0;
}

// Only nft-drops-live knows the versions of LLVM and libbpf.
int show_version() {
	std::string words[] = {"nft-drops", "version"};
	char *argv[] = {words[0].data(), words[1].data(), nullptr};
	return become("nft-drops-live", argv);
}

int interactive(nft_ctx *, char *argv[]) {
	return become("nft-drops-interactive", argv);
}

int run(int argc, char *argv[]) {
	auto line = parse(argc, argv);
	if (!line) {
		const int status = report(line.error());
		return is_run(argc, argv) ? kRunFailed : status;
	}
	switch (line->command) {
	case Command::kPassThrough:
		return pass_through(argc, argv,
		                    {.help = show_help, .version = show_version, .interactive = interactive});
	case Command::kHelp:
		fputs(help(line->help_of).c_str(), stdout);
		return 0;
	case Command::kWhy:
		return become("nft-drops-history", argv);
	case Command::kMetrics:
		return become("nft-drops-metrics", argv);
	case Command::kRun:
		become("nft-drops-live", argv);
		return kRunFailed;
	default:
		return become("nft-drops-live", argv);
	}
}

} // namespace
} // namespace nft_drops::cli

int main(int argc, char *argv[]) {
	return nft_drops::cli::run(argc, argv);
}
