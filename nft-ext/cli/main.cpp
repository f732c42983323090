// SPDX-License-Identifier: GPL-2.0-only
// nft-drops: what is typed. Plain nft commands are done here, through libnftables; what needs the kernel's help is
// handed to nft-drops-live, so that LLVM and libbpf are loaded only then.
#include "nft-ext/cli/command_line.h"
#include "nft-ext/cli/pass_through.h"
#include "nft-ext/cli/report.h"

#include <fmt/format.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <string>
#include <unistd.h>

namespace nft_drops::cli {
namespace {

// Beside this program (where it was built), else where it was installed. Never by PATH or the environment: root runs
// it.
std::string live_program() {
	char self[PATH_MAX];
	const ssize_t n = readlink("/proc/self/exe", self, sizeof(self));
	if (n > 0) {
		std::string path(self, static_cast<size_t>(n));
		path.erase(path.rfind('/') + 1);
		path += "nft-drops-live";
		if (access(path.c_str(), X_OK) == 0) return path;
	}
	return ND_LIVE_PATH;
}

int run(int argc, char *argv[]) {
	auto line = parse(argc, argv);
	if (!line) return report(line.error());
	switch (line->command) {
	case Command::kPassThrough:
		return pass_through(argc, argv);
	case Command::kHelp:
		fputs(usage(), stdout);
		return 0;
	default:
		break;
	}
	const std::string live = live_program();
	execv(live.c_str(), argv);
	return report(fail(live, strerror(errno), "install nft-drops again").error());
}

} // namespace
} // namespace nft_drops::cli

int main(int argc, char *argv[]) {
	return nft_drops::cli::run(argc, argv);
}
