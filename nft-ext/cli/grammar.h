// SPDX-License-Identifier: GPL-2.0-only
// The only description of the command line. The parser, `help`, `--help`, shell completion and the manual page read the
// tables of grammar.cpp. Only the examples of the manual page (manual/nft-drops.8.in) speak of commands and options,
// too.
//
// To add an option, add one entry to kOptions, with a function that stores the option's argument in CommandLine.
// To add a command, add a name to `enum class Command` (command_line.h), one entry to kCommands, and a case in
// nft-ext/programs/nft-drops-live.cpp (or nft-drops.cpp, if the command needs neither LLVM nor libbpf). The words after
// the command are in CommandLine::words. tests/unit/nft-ext/cli and tests/completion then cover the new entry
// unchanged.
#ifndef NFT_DROPS_NFT_EXT_CLI_GRAMMAR_H
#define NFT_DROPS_NFT_EXT_CLI_GRAMMAR_H

#include "jit/base/result.h"
#include "nft-ext/cli/command_line.h"

#include <span>
#include <string_view>
#include <vector>

namespace nft_drops::cli {

struct OptionSpec {
	char letter;          // 'a' of -a; 0: the option has no letter
	const char *name;     // "handle" of --handle; null: the option has no long name
	const char *argument; // null: none; else as in a synopsis: "N", "FILE", "block|line|json"
	unsigned of;          // the commands that take the option, as bits: of(Command::kMonitor, ...)
	const char *help;     // a few words
	// Stores the argument (null if the option takes none) in `line`. Fails with kUsage if the argument is wrong.
	Result<void> (*apply)(CommandLine &line, const char *argument);
};

// Which command lines belong to nft-drops. All others belong to nft.
enum class Ours {
	kWhole,     // all words fit the synopsis: `nft probe input drop` adds a rule to a table named "probe"
	kFirstWord, // the first word fits, unless the second word is one of nft's
	kOption,    // the words are nft's own, with an option that only this command takes
};

struct CommandSpec {
	Command id;
	Ours ours;
	const char *synopsis; // synopsis.h
	const char *help;     // one line
	const char *about;    // further paragraphs, with an empty line between them; may be ""
	// Checks what depends on several options or words, such as a missing option. May be null.
	Result<void> (*check)(const CommandLine &line) = nullptr;
};

// The meaning of a NAME in a synopsis.
struct Placeholder {
	std::string_view name;
	const char *help;
};

consteval unsigned of(auto... commands) {
	return ((1U << static_cast<unsigned>(commands)) | ...);
}

std::span<const CommandSpec> commands();
std::span<const OptionSpec> options();
std::span<const Placeholder> placeholders();

// Null for Command::kPassThrough.
const CommandSpec *spec_of(Command command);
// True if `command` takes `option`.
bool takes(Command command, const OptionSpec &option);

// The synopses of nft's own commands, as far as the words before the rule language. Completion offers their words. nft
// itself decides what is right.
std::span<const char *const> nft_synopses();

} // namespace nft_drops::cli

#endif
