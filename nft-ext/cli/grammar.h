// SPDX-License-Identifier: GPL-2.0-only
// The one description of the command line. The parser, `help`, `--help`, shell completion and the manual page all read
// it; nothing about a command or an option is written down anywhere else.
//
// To add an option: one entry in kOptions (grammar.cpp), with a function that puts its argument into CommandLine.
// To add a command: a name in `enum class Command` (command_line.h), one entry in kCommands, and a case where it is run
// (live.cpp, or main.cpp for what needs neither LLVM nor libbpf). Words behind the command that its synopsis allows are
// in CommandLine::words. tests/unit/nft-ext/cli and tests/completion then hold for it without a change.
#ifndef NFT_DROPS_NFT_EXT_CLI_GRAMMAR_H
#define NFT_DROPS_NFT_EXT_CLI_GRAMMAR_H

#include "jit/base/result.h"
#include "nft-ext/cli/command_line.h"

#include <span>
#include <string_view>
#include <vector>

namespace nft_drops::cli {

struct OptionSpec {
	char letter;          // 0 where it has none
	const char *name;     // the long one without its dashes; null where it has none
	const char *argument; // null where it takes none, else as in a synopsis: "N", "FILE", "block|line|json"
	unsigned of;          // the commands that take it, as bits: of(Command::kMonitor, ...)
	const char *help;     // a few words
	// Puts the argument (null where there is none) into `line`, or says what is wrong with it.
	Result<void> (*apply)(CommandLine &line, const char *argument);
};

// Which command lines are ours; all others are nft's.
enum class Ours {
	kWhole,     // the words are all of the synopsis: `nft probe input drop` adds a rule to the table "probe"
	kFirstWord, // the first word is enough, unless the second shows that nft is meant
	kOption,    // nft's own words, with an option that only this command has
};

struct CommandSpec {
	Command id;
	Ours ours;
	const char *synopsis; // synopsis.h
	const char *help;     // one line
	const char *about;    // what else a user needs to know: paragraphs with an empty line between them; may be ""
	// What no option alone can tell, such as one that is missing; null where there is nothing.
	Result<void> (*check)(const CommandLine &line) = nullptr;
};

// What a NAME in a synopsis stands for.
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

// Null for nft's.
const CommandSpec *spec_of(Command command);
// Not null where `command` takes this option of ours or, for kPassThrough, of nft's.
bool takes(Command command, const OptionSpec &option);

// nft's own commands up to where its rule language begins: what completion offers. nft itself decides what it takes.
std::span<const char *const> nft_synopses();

} // namespace nft_drops::cli

#endif
