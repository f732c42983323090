// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/cli/command_line.h"

#include "nft-ext/cli/duration.h"
#include "nft-ext/cli/nft_options.h"

#include <fmt/format.h>

#include <charconv>
#include <getopt.h>
#include <string>
#include <string_view>
#include <vector>

namespace nft_drops::cli {
namespace {

constexpr const char *kSeeHelp = "see nft-drops monitor --help";

// Our own long options; their numbers are no characters.
enum Ours { kFormat = 256, kCount, kFor, kKo, kVmlinux };

struct OurOption {
	const char *name;
	int number;
	Command of;
};
constexpr OurOption kOurs[] = {{"format", kFormat, Command::kMonitor},
                               {"count", kCount, Command::kMonitor},
                               {"for", kFor, Command::kMonitor},
                               {"ko", kKo, Command::kProbe},
                               {"vmlinux", kVmlinux, Command::kProbe}};

bool takes_argument(std::string_view long_name) {
	for (const OurOption &o : kOurs) {
		if (long_name == o.name) return true;
	}
	for (const NftOption &o : nft_options()) {
		if (o.name && long_name == o.name) return o.argument;
	}
	return false;
}

// The words that are neither options nor their arguments, up to `most`, without changing anything.
std::vector<std::string_view> words_of(int argc, char *const argv[], size_t most) {
	std::vector<std::string_view> words;
	for (int i = 1; i < argc && words.size() < most; i++) {
		const std::string_view a = argv[i];
		if (a == "--") continue;
		if (a.size() < 2 || a[0] != '-') {
			words.push_back(a);
		} else if (a[1] == '-') {
			if (a.find('=') == std::string_view::npos && takes_argument(a.substr(2))) i++;
		} else {
			for (size_t c = 1; c < a.size(); c++) {
				bool argument = false;
				for (const NftOption &o : nft_options())
					argument |= o.letter == a[c] && o.argument;
				if (!argument) continue;
				if (c + 1 == a.size()) i++;
				break;
			}
		}
	}
	return words;
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> list) {
	for (std::string_view w : list) {
		if (w == word) return true;
	}
	return false;
}

Command command_of(const std::vector<std::string_view> &words) {
	if (words.empty()) return Command::kPassThrough;
	if (words[0] == "monitor") {
		// What nft itself monitors (monitor_event and monitor_object of parser_bison.y).
		const bool nfts =
		        words.size() > 1 && is_one_of(words[1], {"new", "destroy", "trace", "ruleset", "tables",
		                                                 "chains", "sets", "rules", "elements"});
		return nfts ? Command::kPassThrough : Command::kMonitor;
	}
	if (words.size() == 1 && words[0] == "probe") return Command::kProbe;
	if (words.size() == 1 && words[0] == "demo") return Command::kDemo;
	return Command::kPassThrough;
}

Result<Format> parse_format(std::string_view text) {
	if (text == "block") return Format::kBlock;
	if (text == "line") return Format::kLine;
	if (text == "json") return Format::kJson;
	return fail(fmt::format("--format {}", text), "no such format", "block, line and json are");
}

Result<uint64_t> parse_count(std::string_view text) {
	uint64_t n = 0;
	auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
	if (error != std::errc() || end != text.data() + text.size() || n == 0) {
		return fail(fmt::format("--count {}", text), "not a number of drops", "give a whole number from 1");
	}
	return n;
}

// nft's and our options in getopt's form.
struct Table {
	std::string letters = ":"; // a missing argument is told from an unknown option
	std::vector<option> names;
	Table() {
		for (const NftOption &o : nft_options()) {
			letters += o.letter;
			if (o.argument) letters += ':';
			if (o.name)
				names.push_back(
				        {o.name, o.argument ? required_argument : no_argument, nullptr, o.letter});
		}
		for (const OurOption &o : kOurs)
			names.push_back({o.name, required_argument, nullptr, o.number});
		names.push_back({nullptr, 0, nullptr, 0});
	}
};

// The option that getopt complains about, as it was typed.
std::string complained_about(char *const argv[]) {
	if (optopt > 0 && optopt < 256) return fmt::format("-{}", static_cast<char>(optopt));
	return argv[optind - 1];
}

// nft's own options are refused by apply(), if they mean nothing.
bool belongs_to(int option, Command command) {
	if (option == 'j') return command == Command::kMonitor;
	for (const OurOption &o : kOurs) {
		if (o.number == option) return o.of == command;
	}
	return true;
}

Result<void> apply(int option, const char *argument, CommandLine &line) {
	switch (option) {
	case 'h':
		line.command = Command::kHelp;
		return {};
	case 'j':
		line.monitor.format = Format::kJson;
		return {};
	case 'a':
		return {}; // handles are shown anyway
	case kFormat: {
		auto f = parse_format(argument);
		if (!f) return std::unexpected(f.error());
		line.monitor.format = *f;
		return {};
	}
	case kCount: {
		auto n = parse_count(argument);
		if (!n) return std::unexpected(n.error());
		line.monitor.count = *n;
		return {};
	}
	case kFor: {
		line.monitor.duration = parse_duration(argument);
		if (!line.monitor.duration)
			return fail(fmt::format("--for {}", argument), "not a time",
			            "give one as nft writes it: 10s, 5m, 1h30m");
		return {};
	}
	case kKo:
	case kVmlinux:
		if (!*argument) return fail("--ko, --vmlinux", "an empty name is no file", kSeeHelp);
		(option == kKo ? line.probe.ko : line.probe.vmlinux) = argument;
		return {};
	default:
		return fail(fmt::format("-{}", static_cast<char>(option)), "of nft, but without a meaning here",
		            kSeeHelp);
	}
}

} // namespace

Result<CommandLine> parse(int argc, char *const argv[]) {
	CommandLine line;
	line.command = command_of(words_of(argc, argv, 2));
	if (line.command == Command::kPassThrough) return line;
	const Command command = line.command;

	const Table table;
	std::vector<char *> permuted(argv, argv + argc);
	permuted.push_back(nullptr);
	optind = 1;
	opterr = 0;
	for (int o;
	     (o = getopt_long(argc, permuted.data(), table.letters.c_str(), table.names.data(), nullptr)) != -1;) {
		if (o == ':') return fail(complained_about(permuted.data()), "its argument is missing", kSeeHelp);
		if (o == '?') return fail(complained_about(permuted.data()), "unknown option", kSeeHelp);
		if (!belongs_to(o, command))
			return fail(permuted[static_cast<size_t>(optind) - 1], "not an option of this command",
			            kSeeHelp);
		if (auto ok = apply(o, optarg, line); !ok) return std::unexpected(ok.error());
	}
	int rest = optind + 1; // behind the command's own word
	if (command == Command::kMonitor && rest < argc &&
	    std::string_view(permuted[static_cast<size_t>(rest)]) == "drops")
		rest++;
	if (rest < argc) {
		return fail(fmt::format("monitor {}", permuted[static_cast<size_t>(rest)]), "unexpected word",
		            kSeeHelp);
	}
	if (!line.probe.ko.empty() && line.probe.vmlinux.empty())
		return fail("--ko " + line.probe.ko, "the kernel that this module is of is missing",
		            "give its vmlinuz or vmlinux with --vmlinux");
	return line;
}

const char *usage() {
	return "Usage: nft-drops monitor [--format block|line|json] [-j] [--count N] [--for DURATION]\n"
	       "       nft-drops probe [--ko FILE] [--vmlinux FILE]\n"
	       "       nft-drops demo\n"
	       "       nft-drops [nft's options and commands]\n"
	       "\n"
	       "monitor shows each packet that nftables drops, with the rule or policy that dropped it.\n"
	       "  --format FORMAT  block (default; looks like nft -a list ruleset), line, or json\n"
	       "  -j, --json       the same as --format json\n"
	       "  --count N        end after N drops\n"
	       "  --for DURATION   end after a time such as 10s, 5m or 1h30m\n"
	       "probe shows where in the running kernel drops are seen, and why there; with files, in a kernel\n"
	       "that is not running (exit status 2 if it cannot be monitored).\n"
	       "  --ko FILE        its nf_tables.ko, .ko.xz, .ko.zst or .ko.gz; none where nf_tables is built in\n"
	       "  --vmlinux FILE   its vmlinuz or vmlinux\n"
	       "demo shows drops in a network namespace of its own, which is gone afterwards.\n"
	       "Everything else goes to libnftables: see nft(8).\n";
}

} // namespace nft_drops::cli
