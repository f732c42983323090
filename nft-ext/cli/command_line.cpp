// SPDX-License-Identifier: GPL-2.0-only
#include "nft-ext/cli/command_line.h"

#include "nft-ext/cli/grammar.h"
#include "nft-ext/cli/synopsis.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <getopt.h>
#include <string>

namespace nft_drops::cli {
namespace {

using Words = std::vector<std::string_view>;

// Whether an option of this name or letter is followed by an argument. An option of `command` decides before others.
template <typename Is> bool takes_argument(Command command, Is is) {
	for (const OptionSpec &o : options()) {
		if (takes(command, o) && is(o)) return o.argument != nullptr;
	}
	return std::ranges::any_of(options(), [&](const OptionSpec &o) { return is(o) && o.argument; });
}

bool takes_argument(Command command, std::string_view name) {
	return takes_argument(command, [name](const OptionSpec &o) { return o.name && o.name == name; });
}

bool takes_argument(Command command, char letter) {
	return takes_argument(command, [letter](const OptionSpec &o) { return o.letter == letter; });
}

// The words of a command line that are neither options nor arguments of options, if it is one of `command`. Leaves argv
// as it is.
Words words_of(Command command, int argc, char *const argv[]) {
	Words words;
	for (int i = 1; i < argc; i++) {
		const std::string_view a = argv[i];
		if (a == "--") continue;
		if (a.size() < 2 || a[0] != '-') {
			words.push_back(a);
		} else if (a[1] == '-') {
			if (a.find('=') == std::string_view::npos && takes_argument(command, a.substr(2))) i++;
		} else {
			const auto letters = a.substr(1);
			const auto taking =
			        std::ranges::find_if(letters, [command](char c) { return takes_argument(command, c); });
			if (taking + 1 == letters.end()) i++;
		}
	}
	return words;
}

bool begins_one_of_nfts(const Words &words) {
	const std::span first(words.data(), std::min<size_t>(words.size(), 2));
	return std::ranges::any_of(nft_synopses(), [&](const char *synopsis) {
		return Synopsis(synopsis).match(first).fitting == first.size();
	});
}

// True if an option that no other command takes was typed.
bool has_an_option_of(const CommandSpec &command, int argc, char *const argv[]) {
	return std::ranges::any_of(options(), [&](const OptionSpec &o) {
		return o.of == 1U << static_cast<unsigned>(command.id) && o.name &&
		       std::any_of(argv + 1, argv + argc, [&](std::string_view a) {
			       return a.starts_with("--") && a.substr(2, a.find('=') - 2) == o.name;
		       });
	});
}

// Whether what follows the first word may be a SELECTOR or a MATCH, so that these words are ours, and no rule for a
// table named "why" or "top": nft takes `why input drop` for `add rule`. A chain cannot be named like a keyword of nft,
// and a match begins with one.
bool begins_a_match(const Words &words) {
	constexpr std::string_view kBegins[] = {
	        "table",   "chain",  "rule",     "ah",       "arp",      "comp",    "cpu", "ct",       "dccp",
	        "dst",     "esp",    "ether",    "exthdr",   "fib",      "frag",    "hbh", "icmp",     "icmpv6",
	        "igmp",    "iif",    "iifgroup", "iifname",  "iiftype",  "ip",      "ip6", "ipsec",    "l4proto",
	        "limit",   "mark",   "meta",     "mh",       "nfproto",  "numgen",  "oif", "oifgroup", "oifname",
	        "oiftype", "osf",    "pkttype",  "priority", "protocol", "quota",   "rt",  "sctp",     "skgid",
	        "skuid",   "socket", "tcp",      "th",       "udp",      "udplite", "vlan"};
	if (words.size() < 2) return true;
	const std::string_view first = words[1].substr(0, words[1].find_first_of(" \t"));
	return first.starts_with('@') || std::ranges::find(kBegins, first) != std::end(kBegins);
}

// How many of the words stand in front of the first "--" (all, where there is none): the words that are not CMD's.
int before_command(int argc, char *const argv[]) {
	for (int i = 1; i < argc; i++)
		if (std::string_view(argv[i]) == "--") return i;
	return argc;
}

// `run` is ours where CMD is given, or where only CMD is missing. nft takes `run input drop` for `add rule`.
bool is_ours_to_run(int argc, char *const argv[]) {
	const int own = before_command(argc, argv);
	const Words words = words_of(Command::kRun, own, argv);
	return !words.empty() && words.front() == "run" && (own < argc || begins_a_match(words));
}

// Behind whose name a SELECTOR or MATCH may follow, and nothing else.
bool may_have_a_match(Command command) {
	return command == Command::kTop || command == Command::kRecord || command == Command::kWhy;
}

Command command_of(int argc, char *const argv[]) {
	if (is_ours_to_run(argc, argv)) return Command::kRun;
	for (const CommandSpec &c : commands()) {
		if (c.id == Command::kRun) continue;
		const Words words = words_of(c.id, argc, argv);
		if (words.empty()) continue;
		const auto match = Synopsis(c.synopsis).match(words);
		switch (c.ours) {
		case Ours::kWhole:
			if (match.whole && (!may_have_a_match(c.id) || begins_a_match(words))) return c.id;
			break;
		case Ours::kFirstWord:
			if (match.fitting > 0 && (words.size() == 1 || !begins_one_of_nfts(words))) return c.id;
			break;
		case Ours::kOption:
			if (match.fitting > 0 && has_an_option_of(c, argc, argv)) return c.id;
			break;
		}
	}
	return Command::kPassThrough;
}

// All options of all commands in getopt's form, so that the message can tell an unknown option from an option of
// another command. If several options share a name or a letter, the option of `command` wins.
class Table {
public:
	explicit Table(Command command) {
		for (const bool own : {true, false}) {
			for (const OptionSpec &o : options()) {
				if (takes(command, o) == own) add(o);
			}
		}
		names_.push_back({nullptr, 0, nullptr, 0});
	}
	[[nodiscard]] const char *letters() const { return letters_.c_str(); }
	[[nodiscard]] const option *names() const { return names_.data(); }
	// The option that a return value of getopt_long() stands for; null if there is none.
	[[nodiscard]] const OptionSpec *spec(int answer) const {
		for (const OptionSpec *o : by_letter_) {
			if (o->letter == answer) return o;
		}
		return answer >= kFirst ? by_name_[static_cast<size_t>(answer - kFirst)] : nullptr;
	}

private:
	static constexpr int kFirst = 256; // above all characters
	void add(const OptionSpec &o) {
		const auto known = [&](const option &n) { return std::string_view(n.name) == o.name; };
		if (o.name && std::ranges::none_of(names_, known)) {
			names_.push_back({o.name, o.argument ? required_argument : no_argument, nullptr,
			                  kFirst + static_cast<int>(by_name_.size())});
			by_name_.push_back(&o);
		}
		if (o.letter && letters_.find(o.letter) == std::string::npos) {
			letters_ += o.letter;
			if (o.argument) letters_ += ':';
			by_letter_.push_back(&o);
		}
	}
	std::string letters_ = ":"; // makes getopt report a missing argument as ':'
	std::vector<option> names_;
	std::vector<const OptionSpec *> by_letter_;
	std::vector<const OptionSpec *> by_name_;
};

// The option that getopt rejected, as it was typed.
std::string complained_about(char *const argv[]) {
	if (optopt > 0 && optopt < 256) return fmt::format("-{}", static_cast<char>(optopt));
	return argv[optind - 1];
}

std::string shown(const OptionSpec &o) {
	return o.name ? fmt::format("--{}", o.name) : fmt::format("-{}", o.letter);
}

// What follows `why`, `top`, `run`, `monitor` and `monitor drops`; nothing where nothing does.
std::optional<std::string> match_of(const Words &words) {
	auto rest = std::span(words).subspan(1);
	if (!rest.empty() && rest.front() == "drops") rest = rest.subspan(1);
	if (rest.empty()) return std::nullopt;
	return fmt::format("{}", fmt::join(rest, " "));
}

Result<void> check_words(const Words &words, const CommandSpec &spec, const std::string &see) {
	const auto match = Synopsis(spec.synopsis).match(words);
	if (match.whole) return {};
	if (match.fitting < words.size())
		return usage_error(
		        fmt::format("{}", fmt::join(words.begin(), words.begin() + static_cast<long>(match.fitting) + 1,
		                                    " ")),
		        "unexpected word", see);
	return usage_error(fmt::format("{}", fmt::join(words, " ")),
	                   fmt::format("{} is missing", match.next.front().token), see);
}

} // namespace

bool is_run(int argc, char *const argv[]) {
	return command_of(argc, argv) == Command::kRun;
}

Result<CommandLine> parse(int argc, char *const argv[]) {
	CommandLine line;
	const Command command = command_of(argc, argv);
	const int all = argc;
	if (command == Command::kRun) argc = before_command(argc, argv);
	line.words = words_of(command, argc, argv);
	line.command = command;
	if (command == Command::kPassThrough) return line;
	const std::string see = fmt::format("see nft-drops {} --help", line.words.front());

	const Table table(command);
	std::vector<char *> permuted(argv, argv + argc);
	permuted.push_back(nullptr);
	optind = 0; // glibc: start over, with argv permuted
	opterr = 0;
	for (int o; (o = getopt_long(argc, permuted.data(), table.letters(), table.names(), nullptr)) != -1;) {
		if (o == ':') return usage_error(complained_about(permuted.data()), "its argument is missing", see);
		const OptionSpec *spec = table.spec(o);
		if (!spec) return usage_error(complained_about(permuted.data()), "unknown option", see);
		if (!takes(command, *spec)) {
			const bool nfts = takes(Command::kPassThrough, *spec);
			return usage_error(shown(*spec),
			                   nfts ? "an option of nft, without a meaning here"
			                        : "not an option of this command",
			                   see);
		}
		if (auto ok = spec->apply(line, optarg); !ok) return std::unexpected(ok.error());
	}
	line.words.assign(permuted.begin() + optind, permuted.begin() + argc);
	if (line.command != command) return line; // --help or --version win over everything else
	if (command == Command::kRun) {
		for (int i = argc; i < all; i++)
			line.words.emplace_back(argv[i]);
		for (int i = argc + 1; i < all; i++)
			line.run.command.emplace_back(argv[i]);
		if (line.run.command.empty())
			return usage_error("run", "CMD is missing", "give it behind --: nft-drops run -- CMD");
	}
	if (auto ok = check_words(line.words, *spec_of(command), see); !ok) return std::unexpected(ok.error());
	if (command == Command::kMonitor || may_have_a_match(command)) line.monitor.match = match_of(line.words);
	if (command == Command::kRun) line.monitor.match = match_of(words_of(command, argc, argv));
	if (const auto check = spec_of(command)->check) {
		if (auto ok = check(line); !ok) return std::unexpected(ok.error());
	}
	if (command == Command::kHelp && line.words.size() > 1) {
		for (const CommandSpec &c : commands()) {
			if (Synopsis(c.synopsis).match(std::span(line.words).subspan(1)).fitting > 0)
				line.help_of = c.id;
		}
		if (!line.help_of)
			return usage_error(fmt::format("help {}", line.words[1]), "not a command of nft-drops",
			                   "see nft(8)");
	}
	return line;
}

} // namespace nft_drops::cli
