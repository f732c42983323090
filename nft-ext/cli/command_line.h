// SPDX-License-Identifier: GPL-2.0-only
// What was typed: one of our commands, or something for nft.
#ifndef NFT_DROPS_NFT_EXT_CLI_COMMAND_LINE_H
#define NFT_DROPS_NFT_EXT_CLI_COMMAND_LINE_H

#include "bpf/shared/result.h"
#include "nft-ext/render/renderer.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace nft_drops::cli {

enum class Command {
	kPassThrough, // nft's: handed to libnftables as it is
	kMonitor,
	kProbe,
	kDemo,
	kHelp, // of one of our commands
};

struct MonitorOptions {
	Format format = Format::kBlock;
	std::optional<uint64_t> count;                     // stop after so many drops
	std::optional<std::chrono::milliseconds> duration; // stop after so long
};

// The files of a kernel that is not running; empty: the running one is asked about.
struct ProbeOptions {
	std::string ko;
	std::string vmlinux;
};

struct CommandLine {
	Command command = Command::kPassThrough;
	ProbeOptions probe;
	MonitorOptions monitor;
};

// Ours are `monitor` (alone, with our options, or as `monitor drops`), `probe` and `demo` (with no word behind them:
// `nft demo input drop` adds a rule to a table of that name). Our options may stand before and behind the command.
// Fails with kUsage, naming the word.
Result<CommandLine> parse(int argc, char *const argv[]);

// The help text.
const char *usage();

} // namespace nft_drops::cli

#endif
