// SPDX-License-Identifier: GPL-2.0-only
// What was typed: one of our commands, or something for nft.
#ifndef NFT_DROPS_NFT_EXT_CLI_COMMAND_LINE_H
#define NFT_DROPS_NFT_EXT_CLI_COMMAND_LINE_H

#include "jit/base/result.h"
#include "nft-ext/text/format.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nft_drops::cli {

// Each but the first has its entry in grammar.cpp.
enum class Command : unsigned {
	kPassThrough, // nft's: handed to libnftables as it is
	kMonitor,
	kList,
	kCount,
	kProbe,
	kCheck,
	kDemo,
	kBpftrace,
	kHelp,
	kVersion,
};

struct MonitorOptions {
	Format format = Format::kBlock;
	std::optional<uint64_t> count;                     // stop after so many drops
	std::optional<std::chrono::milliseconds> duration; // stop after so long
	std::string netns;                                 // the namespace to watch; empty: the present one
	bool all_netns = false;                            // watch all of them
	bool path = false;                                 // show the jumps that led to the rule
	bool audit = false;                                // show what else netfilter dropped
	std::optional<uint64_t> limit;                     // show at most so many a second
};

// `list ... --with-drop-counts`
struct ListOptions {
	bool counts = false;
	bool zero = false;                                 // show what dropped nothing, too
	bool sorted = false;                               // as a table, busiest first
	std::optional<std::chrono::milliseconds> duration; // count for so long; else what has been counted all along
	std::string nft;                                   // letters of nft's own options
};

struct CountOptions {
	std::optional<uint32_t> max_rules;
};

// The files of a kernel that is not running; empty: the running one is asked about.
struct ProbeOptions {
	std::string ko;
	std::string vmlinux;
};

struct CommandLine {
	Command command = Command::kPassThrough;
	// All words that are no options, the command's own first; they fit its synopsis. Not for nft's.
	std::vector<std::string_view> words;
	std::optional<Command> help_of; // kHelp: of this one, else of all
	MonitorOptions monitor;
	ListOptions list;
	CountOptions count;
	ProbeOptions probe;
};

// Ours are `monitor` (but not with what nft's own monitor takes), and those command lines that fit the synopsis of one
// of our other commands (`nft demo input drop` adds a rule to a table of that name). Our options may stand before and
// behind the command. Fails with kUsage, naming the word. The words point into `argv`.
Result<CommandLine> parse(int argc, char *const argv[]);

} // namespace nft_drops::cli

#endif
