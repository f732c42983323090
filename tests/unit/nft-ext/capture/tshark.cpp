// SPDX-License-Identifier: GPL-2.0-only
#include "tshark.h"

#include <cstdio>
#include <cstdlib>
#include <sys/wait.h>
#include <unistd.h>

namespace nft_drops::test {
namespace {

Told run(const std::string &command) {
	Told told;
	FILE *pipe = popen(("exec 2>/dev/null; " + command).c_str(), "r");
	if (!pipe) return told;
	char buffer[4096];
	for (size_t n; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;)
		told.text.append(buffer, n);
	told.status = WEXITSTATUS(pclose(pipe));
	return told;
}

} // namespace

bool has_tshark() {
	return run("tshark --version && capinfos --version").status == 0;
}

Told show(std::string_view capture, const std::string &program, const std::string &options) {
	char name[] = "/tmp/nft-drops-capture-XXXXXX";
	const int file = mkstemp(name);
	if (file < 0) return {};
	const bool written = write(file, capture.data(), capture.size()) == static_cast<ssize_t>(capture.size());
	close(file);
	Told told;
	if (written) told = run("LC_ALL=C.UTF-8 " + program + " " + name + " " + options);
	unlink(name);
	return told;
}

} // namespace nft_drops::test
