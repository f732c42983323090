// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/commands/check.h"

#include "jit/start/check.h"
#include "nft-ext/cli/privilege.h"
#include "nft-ext/sinks/output.h"

#include <fmt/format.h>

#include <csignal>
#include <string>

namespace nft_drops::cli {
namespace {

void print(const char *mark, std::string_view name, std::string_view state) {
	std::string line = fmt::format("{:<4}{}: {}\n", mark, name, state);
	write_out(line);
}

void tell(std::string_view name, const Result<std::string> &state) {
	if (state)
		print("yes", name, *state);
	else
		print("NO", name, state.error().why);
}

} // namespace

Result<void> check() {
	signal(SIGPIPE, SIG_IGN);
	auto privilege = check_privilege();
	if (privilege) {
		tell("privilege", "CAP_BPF, CAP_PERFMON, CAP_SYSLOG and CAP_NET_ADMIN");
	} else {
		privilege.error().blame = Blame::kMachine;
		tell("privilege", std::unexpected(privilege.error()));
	}
	auto works = privilege ? jit::check_machine(tell) : privilege;
	std::string verdict = works ? "nft-drops can run here\n" : "nft-drops cannot run here\n";
	write_out(verdict);
	return works;
}

} // namespace nft_drops::cli
