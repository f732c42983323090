// SPDX-License-Identifier: GPL-2.0-only
// The parsed command line: one of nft-drops' own commands, or a command of nft.
#ifndef NFT_DROPS_NFT_EXT_CLI_COMMAND_LINE_H
#define NFT_DROPS_NFT_EXT_CLI_COMMAND_LINE_H

#include "jit/base/debug.h"
#include "jit/base/result.h"
#include "nft-ext/text/format.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nft_drops::cli {

// Each command but kPassThrough has an entry in grammar.cpp.
enum class Command : unsigned {
	kPassThrough, // a command of nft: handed to libnftables unchanged
	kMonitor,
	kList,
	kCount,
	kProbe,
	kCheck,
	kDemo,
	kBpftrace,
	kTop,
	kRecord,
	kWhy,
	kRun,
	kMetrics,
	kHelp,
	kVersion,
};

// `monitor -w FILE`
struct CaptureOptions {
	std::string file;                // -w; "-" is standard output; empty: no capture
	std::optional<uint32_t> snaplen; // --snaplen: bytes kept of each packet; none: kSnaplen
	std::optional<bool> raw;         // --linktype: IP alone, or (false) each packet with its link header
	static constexpr uint32_t kSnaplen = 256;
	[[nodiscard]] uint32_t bytes() const { return file.empty() ? 0 : snaplen.value_or(kSnaplen); }
};

enum class Colour : uint8_t { kAuto, kAlways, kNever };

struct MonitorOptions {
	std::optional<std::string> match; // SELECTOR and MATCH of monitor, run, top, record or why
	std::optional<std::string> pcap;  // --pcap: the same in libpcap's words
	Format format = Format::kBlock;
	bool format_given = false;                         // --format or --json
	std::optional<uint64_t> count;                     // --count: stop after this many drops
	std::optional<std::chrono::milliseconds> duration; // --for: stop after this time
	std::string netns;                                 // --netns; empty: the caller's network namespace
	bool all_netns = false;                            // --all-netns: watch every network namespace
	bool path = false;                                 // --path: show the jumps that led to the rule
	bool details = false;                              // --details: show why, beyond the rule
	bool audit = false;                                // --audit: show netfilter's other drops, too
	std::optional<uint64_t> limit;                     // --limit: print at most this many drops a second
	Colour colour = Colour::kAuto;                     // --color, of top, too
	std::string nft;                                   // the letters of nft's options -n -N -S -u -y -p -T -s -t
	CaptureOptions capture;

	// Drops are printed as text.
	[[nodiscard]] bool prints() const { return capture.file.empty() || (format_given && capture.file != "-"); }
};

// `list ... --with-drop-counts`
struct ListOptions {
	bool counts = false;
	bool zero = false;                                 // --zero: also list rules that dropped nothing
	bool sorted = false;                               // --sort: a table, busiest rule first
	std::optional<std::chrono::milliseconds> duration; // --for: count for this time; else read the pinned counts
	std::string nft;                                   // the letters of nft's own options
};

// SELECTOR, MATCH, namespaces and colours are in MonitorOptions.
struct TopOptions {
	bool batch = false;             // --batch: frames for a pipe
	std::optional<uint64_t> frames; // --count: with --batch, end after this many frames
};

struct CountOptions {
	std::optional<uint32_t> max_rules;
};

inline constexpr const char *kDefaultDatabase = "/var/lib/nft-drops/drops.db";

struct RecordOptions {
	std::string database = kDefaultDatabase;
	std::string netns;                                // --netns; empty: all network namespaces
	std::chrono::seconds keep = std::chrono::days(7); // --keep
	int64_t max_size = int64_t{256} << 20;            // --max-size: bytes
};

// SELECTOR, MATCH, and what --format and --json say are in MonitorOptions.
struct WhyOptions {
	std::string database = kDefaultDatabase;
	std::string since = "10m"; // --since, as it was typed
	std::string until;         // --until; empty: now
	std::string sort = "last"; // --sort
	size_t limit = 0;          // --limit: flows; 0: all
};

// The files of a kernel that is not running. Both are empty for the running kernel.
struct ProbeOptions {
	std::string ko;
	std::string vmlinux;
};

struct MetricsOptions {
	std::string textfile; // --textfile: the file's name; empty: no file is written
	std::string listen;   // --listen: the address as the user typed it; empty: nothing is served
};

// `run -- CMD`. SELECTOR, MATCH, formats and captures are in MonitorOptions.
struct RunOptions {
	std::vector<std::string> command; // CMD and its arguments; never empty
	std::string output;               // --output: drops are printed there; empty: to standard error
	std::string user;                 // --user; empty: the user that nft-drops runs as
};

struct CheckOptions {
	bool report = false; // one text for a bug report
};

struct CommandLine {
	Command command = Command::kPassThrough;
	// All words that are not options. The command's name is the first word, and the words fit the command's
	// synopsis. Unspecified for kPassThrough.
	std::vector<std::string_view> words;
	std::optional<Command> help_of; // kHelp: the command to explain; nothing: all commands
	MonitorOptions monitor;
	ListOptions list;
	TopOptions top;
	CountOptions count;
	ProbeOptions probe;
	RecordOptions record;
	WhyOptions why;
	RunOptions run;
	CheckOptions check;
	MetricsOptions metrics;
	DebugTopics debug = 0;
};

// Decides whose command line this is. `monitor` belongs to nft-drops, unless the next word is an object of nft's own
// monitor. Every other command belongs to nft-drops only if the whole line fits the command's synopsis: `nft demo input
// drop` adds a rule to a table named "demo". Options of nft-drops may stand before and after the command. Fails with
// kUsage, and names the wrong word. CommandLine::words point into `argv`.
Result<CommandLine> parse(int argc, char *const argv[]);

// Whether this is a command line of `run`, right or wrong: nft-drops' own failures have another exit status there.
bool is_run(int argc, char *const argv[]);

} // namespace nft_drops::cli

#endif
