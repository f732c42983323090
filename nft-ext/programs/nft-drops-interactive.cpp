// SPDX-License-Identifier: GPL-2.0-only
// nft-drops-interactive: nft's -i. A program of its own, so that no other command loads the line editor. It is libedit,
// the one that Debian's nft has, and gets the same calls: prompt, editing, history file and what is echoed are nft's.
#include "nft-ext/cli/pass_through.h"

#include <editline/readline.h>
#include <nftables/libnftables.h>

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace nft_drops::cli {
namespace {

constexpr const char *kPrompt = "nft> ";
constexpr const char *kContinued = ".... ";

std::string history_file() {
	const char *home = getenv("HOME"); // NOLINT(concurrency-mt-unsafe): one thread
	return std::string(home ? home : "") + "/.nft.history";
}

void leave() {
	rl_deprep_terminal();
	write_history(history_file().c_str());
}

struct Free {
	void operator()(char *line) const { free(line); } // NOLINT: readline's is malloc's
};

bool blank(const std::string &text) {
	return text.find_first_not_of(" \t\n\v\f\r") == std::string::npos;
}

void remember(const std::string &command) {
	const HIST_ENTRY *last = history_get(history_length);
	if (!last || command != last->line) add_history(command.c_str());
}

// A line that ends in a backslash goes on in the next one. False while the command is not complete.
bool append(std::string &command, bool &continued, std::string_view line) {
	if (line.empty()) return false;
	const bool more = line.ends_with('\\');
	if (more) line.remove_suffix(1);
	command += line;
	if (more != continued) rl_set_prompt(more ? kContinued : kPrompt);
	continued = more;
	return !more;
}

int talk(nft_ctx *nft, char *[]) {
	static std::string name = "nft"; // whose settings in ~/.editrc hold
	rl_readline_name = name.data();
	rl_instream = stdin;
	rl_outstream = stdout;
	read_history(history_file().c_str());
	history_set_pos(history_length);
	rl_set_prompt(kPrompt);
	std::string command;
	bool continued = false;
	while (const std::unique_ptr<char, Free> line{readline(rl_prompt)}) {
		if (!append(command, continued, line.get())) continue;
		const std::string whole = std::exchange(command, {});
		if (blank(whole)) continue;
		if (whole == "quit") break;
		remember(whole);
		nft_run_cmd_from_buffer(nft, whole.c_str());
	}
	leave();
	return EXIT_SUCCESS;
}

int not_here() {
	return EXIT_FAILURE;
}

} // namespace
} // namespace nft_drops::cli

int main(int argc, char *argv[]) {
	using namespace nft_drops::cli;
	return pass_through(argc, argv, {.help = not_here, .version = not_here, .interactive = talk});
}
